"""However a command ends, people get one line and programs get JSON and a code."""

import json
import subprocess
import sys
from typing import Never

import pytest
import typer

from drivers.errors import DriverError
from runner.errors import FunctionUnknown, RateLimited
from sanderling.cli.app import build_app, run
from sanderling.cli.exits import Exit
from sanderling.cli.options import AsJSON
from support.reference_rows import command_sections


def failing(error: BaseException) -> typer.Typer:
    """Return a command whose only word, `fail`, raises `error`."""
    app = typer.Typer()
    app.callback()(lambda: None)

    def fail(*, as_json: AsJSON = False) -> Never:
        raise error

    app.command("fail")(fail)
    return app


@pytest.fixture(autouse=True)
def not_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without the variable that lets tracebacks through."""
    monkeypatch.delenv("SANDERLING_DEBUG", raising=False)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (FunctionUnknown(name="x"), Exit.REFUSED, "function_unknown"),
        (
            RateLimited(rule="api", limit=1, window_s=1, resets_in_s=2),
            Exit.RATE_LIMITED,
            "rate_limited",
        ),
        (DriverError(driver="local", reason="no"), Exit.FAULT, "driver_error"),
        (RuntimeError("oops"), Exit.FAULT, "internal"),
        (typer.BadParameter("no such file"), Exit.USAGE, "usage"),
    ],
)
def test_errors_are_one_line_for_people_and_json_for_programs(
    capsys: pytest.CaptureFixture[str], error: Exception, status: Exit, code: str
) -> None:
    """The code is the same in both forms, and standard output holds nothing but the JSON."""
    assert run(["fail"], failing(error)) == status
    people = capsys.readouterr()
    assert run(["fail", "--json"], failing(error)) == status
    programs = capsys.readouterr()

    assert people.out == ""
    assert people.err.startswith("error: ")
    assert len(people.err.splitlines()) == 1
    assert programs.err == ""
    told = json.loads(programs.out)["error"]
    assert told["code"] == code
    assert {"code", "detail", "hint"} == set(told)


def test_defect_quotes_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """What a defect of ours quotes is masked before it is shown."""
    run(["fail"], failing(ValueError("postgresql://app:hunter2@db/x sdl_01ABCDEF")))

    shown = capsys.readouterr().err
    assert "ValueError" in shown
    assert "hunter2" not in shown
    assert "01ABCDEF" not in shown


@pytest.mark.parametrize("error", [RuntimeError("oops"), FunctionUnknown(name="x")])
def test_debugging_lets_the_traceback_through(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """With SANDERLING_DEBUG=1 the error itself comes out."""
    monkeypatch.setenv("SANDERLING_DEBUG", "1")

    with pytest.raises(type(error)):
        run(["fail"], failing(error))


def test_keyboard_has_its_own_code() -> None:
    """Ctrl-C is no failure of ours."""
    assert run(["fail"], failing(KeyboardInterrupt())) == Exit.INTERRUPTED


def test_reader_that_went_away_has_its_own_code() -> None:
    """`sanderling … | head` ends quietly."""
    assert run(["fail"], failing(BrokenPipeError(32, "Broken pipe"))) == Exit.UNREAD


@pytest.mark.parametrize("words", [[], ["--help"], ["functions"], ["keys", "-h"]])
def test_help_is_shown_without_error(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """Whoever gives no word gets the list of words."""
    assert run(words) == Exit.OK

    shown = capsys.readouterr()
    assert "Usage: sanderling" in shown.out
    assert shown.err == ""


ONLY_JSON = frozenset({"sanderling calls export"})
"""Commands that print JSON whatever one says."""


@pytest.mark.parametrize("words", [words for words in command_sections() if words])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], words: str) -> None:
    """`--help` works for every command and shows `--json`, where there is another form."""
    assert run([*words.split()[1:], "--help"]) == Exit.OK
    assert ("--json" in capsys.readouterr().out) is (words not in ONLY_JSON)


def test_unknown_word_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt word gets a suggestion and the way to the help."""
    assert run(["invok"]) == Exit.USAGE
    assert "'invoke'" in capsys.readouterr().err


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`version` shows the release."""
    assert run(["version", "--json"]) == Exit.OK
    assert set(json.loads(capsys.readouterr().out)) == {"version"}


def test_version_is_told_the_other_way(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` shows the same."""
    assert run(["--version"]) == Exit.OK
    assert capsys.readouterr().out.startswith("sanderling ")


@pytest.mark.slow
def test_help_loads_nothing_heavy() -> None:
    """Asking for help loads no web server, database, sandbox or log library."""
    heavy = {"fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "httpx2", "structlog"}
    script = "import sys, sanderling.cli.app as a; a.run(['--help']); print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert not heavy & set(loaded.stdout.splitlines()[-1].split())


def test_app_is_built_anew_each_time() -> None:
    """Nothing of one run reaches the next."""
    assert build_app() is not build_app()
