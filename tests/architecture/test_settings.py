"""Settings come to the rooms by one door."""

import ast
from collections.abc import Iterator

from config.catalogue import CATALOGUE
from support.house import ROOMS, parsed, python_files, shown

_DOOR = "config/layers.py"
_ELSEWHERE = {
    "drivers/guest/": "runs in a process of its own, with one variable of the host's making",
    "drivers/local/machine.py": "looks for facts about the machine, none of which is a setting",
}

_READERS = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


def _readers(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that name something which reads the environment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _READERS:
            if ast.unparse(node.value) == "os":
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for alias in node.names if alias.name in _READERS)


def test_the_environment_is_read_at_one_place() -> None:
    """A variable that is read elsewhere could neither be shown, nor changed, nor kept secret."""
    found = {
        shown(path): list(_readers(parsed(path)))
        for path in python_files(*ROOMS)
        if not shown(path).startswith(tuple(_ELSEWHERE))
    }

    assert found.pop(_DOOR)
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_variables_that_are_planned_are_those_that_nothing_reads() -> None:
    """The mark `is_planned` in the catalogue, and so on the page, tells the truth."""
    nodes = [
        node
        for path in python_files(*ROOMS)
        # The simulator names settings for people to copy; it cannot read any.
        if not shown(path).startswith(("config/variables/", "sanderling/simulator/"))
        and shown(path) != "config/rules.py"
        for node in ast.walk(parsed(path))
    ]
    fields = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names = {node.value for node in nodes if isinstance(node, ast.Constant)}

    planned = {variable.name for variable in CATALOGUE if variable.is_planned}
    unread = {
        variable.name
        for variable in CATALOGUE
        if variable.field not in fields and variable.name not in names
    }
    assert unread == planned
