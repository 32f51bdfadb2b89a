"""The architecture page tells the truth about the rooms."""

import ast
import re
import sys

import grimp
import pytest

from support.house import (
    ARCHITECTURE_PAGE,
    FLOORS_CONTRACT,
    ROOMS,
    contract,
    floors,
    parsed,
    python_files,
    sentence_of,
    shown,
)

_ROW = re.compile(r"^\| `([a-z._]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)
_ROWS = {
    room: (sentence, may_import)
    for room, sentence, may_import in _ROW.findall(ARCHITECTURE_PAGE.read_text())
}
_FLOORED = [room for floor in floors() for room in floor]


def _room_of(module: str, rooms: list[str]) -> str | None:
    """Return the innermost of `rooms` that holds `module`."""
    holding = [room for room in rooms if f"{module}.".startswith(f"{room}.")]
    return max(holding, key=len, default=None)


def test_every_floor_is_on_the_page_in_order() -> None:
    """The table lists the rooms that have a floor, from the top."""
    listed = [room for room in _ROWS if room in _FLOORED]

    assert sorted(listed, key=_FLOORED.index) == _FLOORED
    assert [room for floor in floors() for room in listed if room in floor] == listed


def test_the_floors_are_drawn_as_they_are_held() -> None:
    """The picture of the floors is the contract, line by line."""
    layers: list[str] = contract(FLOORS_CONTRACT)["layers"]

    assert "```text\n" + "\n".join(layers) + "\n```" in ARCHITECTURE_PAGE.read_text()


@pytest.mark.parametrize("room", _ROWS)
def test_a_rooms_sentence_is_the_one_in_its_code(room: str) -> None:
    """A room says the same of itself in the code and on the page."""
    sentence, _ = _ROWS[room]

    assert sentence_of(room) == sentence


def test_every_package_says_in_one_sentence_what_it_is() -> None:
    """The docstring of each package starts with a sentence on a line of its own."""
    first_lines = {
        shown(path): (ast.get_docstring(parsed(path)) or "").partition("\n")[0]
        for path in python_files(*ROOMS)
        if path.name == "__init__.py"
    }

    assert {path: line for path, line in first_lines.items() if not line.endswith(".")} == {}


def test_rooms_import_what_the_page_allows() -> None:
    """No room imports a room that its row does not name."""
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    rooms = list(_ROWS)
    strangers = set[str]()
    for importer in graph.modules:
        room = _room_of(importer, rooms)
        for imported in graph.find_modules_directly_imported_by(importer):
            other = _room_of(imported, rooms)
            if room is None or other in {None, room}:
                continue
            allowed = _ROWS[room][1]
            if allowed != "everything" and f"`{other}`" not in allowed:
                strangers.add(f"{importer} imports {imported}")

    assert strangers == set()


def test_the_kernel_imports_the_standard_library_alone() -> None:
    """Everyone stands on the kernel, so it stands on nothing that can change under it."""
    imported = {
        name.partition(".")[0]
        for path in python_files("sanderling/kernel")
        for node in ast.walk(parsed(path))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }

    assert imported - sys.stdlib_module_names == {"sanderling"}
