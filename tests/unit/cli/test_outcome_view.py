"""People see what happened, where, and what to do; nothing of the guest steers the terminal."""

import io

from rich.console import Console

from drivers.port import GuestError, Isolation, LimitHit, Outcome, OutcomeKind, TraceLine
from sanderling.cli.outcome_view import outcome_view

SOURCE = "import os\n\ndef handler(event, context):\n    return 1 / event\n"


def shown(outcome: Outcome) -> str:
    """Return what a terminal without colours gets."""
    terminal = Console(file=io.StringIO(), width=200, soft_wrap=True, highlight=False)
    outcome_view(outcome, source=SOURCE, file="f.py")(terminal)
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def test_result_logs_and_numbers_are_shown() -> None:
    """A finished call shows its result, logs, times, memory and walls."""
    text = shown(
        Outcome(
            OutcomeKind.OK,
            "local",
            duration_s=0.0042,
            result_json=b'{"score":72}',
            logs="one\ntwo\n",
            logs_dropped_bytes=2048,
            cpu_s=0.001,
            memory_bytes=3 * 1024 * 1024,
            isolation=Isolation.CALL,
            layers=("seccomp", "rlimits"),
            waived=("landlock",),
        )
    )

    assert text.splitlines()[0] == "✓ ok"
    assert '"score": 72' in text
    assert "│ one\n" in text
    assert "│ two\n" in text
    assert "2 KiB more were dropped" in text
    assert (
        "4.2 ms · cpu 1 ms · memory 3 MiB · driver local · isolation call (seccomp, rlimits)"
        " · waived landlock"
    ) in text


def test_user_error_shows_the_users_own_lines() -> None:
    """The stack is in the user's lines with their text."""
    error = GuestError("ZeroDivisionError", "division by zero", (TraceLine(4, "handler"),))

    text = shown(Outcome(OutcomeKind.USER_ERROR, "local", error=error))

    assert "✗ user_error  ZeroDivisionError: division by zero" in text
    assert "  f.py:4 in handler\n      4 │ return 1 / event\n" in text


def test_bad_code_points_at_the_place_and_tells_how_to_write_it() -> None:
    """Refused code shows its line, a caret under the column, and the hint."""
    error = GuestError("ImportRefused", "no os here", line=1, column=8, hint="Do without.")

    lines = shown(Outcome(OutcomeKind.BAD_CODE, "local", error=error)).splitlines()

    assert "  f.py:1:8" in lines
    code = next(line for line in lines if "│ import os" in line)
    caret = lines[lines.index(code) + 1]
    assert code.index("os") == caret.index("^")
    assert "  hint: Do without." in lines


def test_limit_is_shown_in_its_unit() -> None:
    """A call that hit a limit tells which, how much was allowed and how much was used."""
    hit = LimitHit("memory_bytes", 64 * 1024 * 1024, 65 * 1024 * 1024)

    assert "memory limit 64 MiB, used 65 MiB" in shown(
        Outcome(OutcomeKind.OUT_OF_MEMORY, "local", limit=hit)
    )
    assert "wall limit 500 ms" in shown(
        Outcome(OutcomeKind.TIMEOUT, "local", limit=LimitHit("wall_s", 0.5))
    )
    assert "ast nodes limit 50000" in shown(
        Outcome(OutcomeKind.BAD_CODE, "local", limit=LimitHit("ast_nodes", 50000))
    )


def test_guest_text_cannot_steer_the_terminal() -> None:
    """Escapes and markup in results, errors and logs are shown, not obeyed."""
    error = GuestError("E\x1b[2J", "[red]x[/red]\x1b]0;t\x07", (TraceLine(1, "f\x1b", "t\x1b"),))

    text = shown(Outcome(OutcomeKind.USER_ERROR, "local", error=error, logs="\x1b[31m\r"))
    ok = shown(Outcome(OutcomeKind.OK, "local", result_json='"a\u202eb\\u001b"'.encode()))

    assert "\x1b" not in text + ok
    assert "\u202e" not in ok
    assert "[red]x[/red]" in text


def test_the_name_of_a_file_cannot_steer_the_terminal() -> None:
    """A folder of a stranger may have files with any name."""
    error = GuestError("ValueError", "no", trace=(TraceLine(1, "handler"),))
    outcome = Outcome(OutcomeKind.USER_ERROR, driver="local", error=error)
    buffer = io.StringIO()

    outcome_view(outcome, source="x", file="\x1b[2Jf.py")(Console(file=buffer, width=200))

    assert "\x1b" not in buffer.getvalue()
    assert "\\x1b[2Jf.py:1" in buffer.getvalue()


def test_detail_is_shown_when_no_code_is_to_blame() -> None:
    """An outcome of the platform shows its sentence."""
    outcome = Outcome(OutcomeKind.DISABLED, "disabled", detail="Set SERVERLESS_TYPE.")

    assert "  Set SERVERLESS_TYPE.\n" in shown(outcome)
