"""Every attack of the corpus against the installed command, on this Python and on others."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from drivers.corpus import Attack, Walls
from drivers.guest.layers import LANGUAGE, LAYERS
from support.corpus import SHARED, attacks, shared_attacks, whole_corpus
from support.once import made_once
from support.pythons import find_pythons
from support.sandbox_check import ENOUGH_S, Rows, not_as_expected, rows_of, run_check
from support.unprivileged import python_for_everyone
from support.without_namespaces import program_for_nobody

pytestmark = [pytest.mark.slow, pytest.mark.timeout(ENOUGH_S)]

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
SYSTEM_LAYERS = [layer for layer in LAYERS if layer != LANGUAGE]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the command found on this Python, in both isolation modes."""
    folder = tmp_path_factory.mktemp("check")

    def check() -> Any:
        file = folder / "whole.jsonl"
        file.write_bytes(whole_corpus())
        ended = run_check(folder, str(file), "--json")
        # The exit code and the list say the same, and the list tells which.
        is_ok = not_as_expected(ended.json) == []
        assert (ended.status == 0) is is_ok is ended.json["ok"], ended.err
        return ended.json

    checked: dict[str, Any] = made_once(tmp_path_factory, "whole-corpus", check)
    return checked


@pytest.fixture(scope="module")
def rows(found: dict[str, Any]) -> Rows:
    """Return the rows by the ids of their entries."""
    return rows_of(found)


def required_layers(found: dict[str, Any]) -> dict[str, list[str]]:
    """Return what was proven of the layers that are required."""
    return {
        walls: [layer for layer in layers if layer in LAYERS]
        for walls, layers in found["layers"].items()
    }


def isolations_of(attack: Attack) -> list[str]:
    """Return how an entry is to be isolated, once for each run."""
    if attack.runs_twice:
        return ["function"]
    return ["call"] if attack.layer is Walls.OS else ["call", "function"]


@pytest.mark.parametrize("attack", attacks(), ids=lambda attack: attack.id)
def test_an_attack_ends_as_the_corpus_says(attack: Attack, rows: Rows) -> None:
    """Each attack is stopped where its author says, or earlier, in every isolation mode."""
    assert [row["isolation"] for row in rows[attack.id]] == isolations_of(attack)
    assert [row for row in rows[attack.id] if not row["as_expected"]] == []


def test_the_check_says_what_it_checked(found: dict[str, Any]) -> None:
    """Counts, the Python of the guests, and the walls that stood are told."""
    summary = found["summary"]

    assert summary["entries"] == len(attacks())
    assert summary["runs"] == len(found["entries"]) == sum(summary["observed"].values())
    assert found["python"].startswith(f"{RUNNING}.")
    assert required_layers(found) == {"full": list(LAYERS), "os": SYSTEM_LAYERS}
    assert (found["waived"], found["ignored_fields"]) == ([], [])


@pytest.mark.nightly
@pytest.mark.parametrize("version", find_pythons())
def test_every_attack_ends_as_expected_on_every_python(version: str, tmp_path: Path) -> None:
    """All of it, in both isolation modes, on each supported version that is here."""
    checked = run_check(tmp_path, "--python", find_pythons()[version], "--json").json

    assert not_as_expected(checked) == []
    assert checked["python"].startswith(f"{version}.")


def test_every_attack_ends_as_expected_for_a_user_without_privileges(tmp_path: Path) -> None:
    """Neither root nor a namespace is needed for any wall, in either isolation mode."""
    python = python_for_everyone()
    if python is None:
        pytest.skip("no interpreter of this version is open to other users")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        corpus = folder / "attacks.jsonl"
        corpus.write_bytes(SHARED.read_bytes())
        program = program_for_nobody(folder, python)

        ended = run_check(tmp_path, str(corpus), "--json", program=program, is_nobody=True)

    assert ended.status == 0, ended.err
    assert not_as_expected(ended.json) == []
    assert required_layers(ended.json) == {"full": list(LAYERS), "os": SYSTEM_LAYERS}
    assert "namespaces" not in ended.json["layers"]["full"]
    assert ended.json["summary"]["runs"] == sum(len(isolations_of(one)) for one in shared_attacks())


def a_corpus(folder: Path, *entries: dict[str, str]) -> str:
    """Write a corpus of these entries and return its path."""
    file = folder / "corpus.jsonl"
    usual = {"category": "test", "layer": "full"}
    file.write_text("".join(json.dumps({**usual, **entry}) + "\n" for entry in entries))
    return str(file)


HANDLER = "def handler(event, context):\n    "


def test_what_is_not_as_expected_is_told_first_and_by_exit_code(tmp_path: Path) -> None:
    """A function that got through ends the command with 1 and is on top."""
    file = a_corpus(
        tmp_path,
        {"id": "fine", "expect": "ok", "source": f"{HANDLER}return 1"},
        {"id": "through", "expect": "blocked", "source": f"{HANDLER}return 'loot'"},
    )

    ended = run_check(tmp_path, file, "--isolation", "call")
    as_json = run_check(tmp_path, file, "--json")

    assert (ended.status, as_json.status) == (1, 1)
    assert 0 < ended.out.index("through") < ended.out.index("fine")
    assert ended.out.rstrip().endswith("1 of 2 runs of 2 entries are not as expected.")
    assert [row["as_expected"] for row in as_json.json["entries"]] == [True, True, False, False]
    assert 'returned "loot"' in as_json.json["entries"][2]["detail"]


def test_only_the_layer_that_was_asked_for_is_run(tmp_path: Path) -> None:
    """Entries of the other layer are left out, and asking for none that is there is an error."""
    plain = "import os\n" + HANDLER + "return 'ctypes' in __import__('sys').modules"
    file = a_corpus(
        tmp_path,
        {"id": "raw", "layer": "os", "expect": "ok", "source": plain},
        {"id": "cooked", "expect": "compile_error", "source": plain},
    )

    raw = run_check(tmp_path, file, "--layer", "os", "--json").json
    cooked = run_check(tmp_path, file, "--layer", "full", "--json").json
    none = run_check(
        tmp_path, a_corpus(tmp_path, {"id": "x", "expect": "ok", "source": ""}), "--layer", "os"
    )

    assert [(row["id"], row["as_expected"]) for row in raw["entries"]] == [("raw", True)]
    assert list(raw["layers"]) == ["os"]
    assert {row["id"] for row in cooked["entries"]} == {"cooked"}
    assert cooked["ok"]
    assert none.status == 2


def test_many_at_once_change_nothing(tmp_path: Path) -> None:
    """More entries at once than spares or memory allow wait their turn; none is turned away."""
    source = HANDLER + "return sum(range(20000))"
    entries = [{"id": str(number), "expect": "ok", "source": source} for number in range(80)]

    checked = run_check(tmp_path, a_corpus(tmp_path, *entries), "--jobs", "64", "--json").json

    assert not_as_expected(checked) == []
    assert checked["summary"]["runs"] == 160


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"id": "a"}\nnonsense\n', "line 2: not JSON"),
        ("", "it has no entry"),
        (None, "no such file"),
    ],
)
def test_a_file_that_is_no_corpus_is_refused(tmp_path: Path, text: str | None, told: str) -> None:
    """The exit code is 2, the message names the line, and nothing was run."""
    file = tmp_path / "corpus.jsonl"
    if text is not None:
        file.write_text(text)

    ended = run_check(tmp_path, str(file), "--json")

    assert (ended.status, ended.json["error"]["code"]) == (2, "usage")
    assert told in ended.json["error"]["detail"]


@pytest.mark.parametrize("python", ["/nowhere/python3", "/bin/true"])
def test_an_interpreter_that_is_none_is_refused(tmp_path: Path, python: str) -> None:
    """The message says which versions guests can run on."""
    ended = run_check(tmp_path, "--python", python, "--json")

    assert (ended.status, ended.json["error"]["code"]) == (2, "usage")
    assert "3.11" in ended.json["error"]["detail"]
