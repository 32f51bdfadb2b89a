"""Places in code are shown with their line and carets under what failed."""

import io

from rich.console import Console

from drivers.port import CodeProblem, GuestCause, GuestError, TraceLine
from sanderling.cli.code_view import SourceFile, error_lines


def shown(error: GuestError, source: str | None = None) -> list[str]:
    """Return the lines that a terminal without colours gets."""
    terminal = Console(file=io.StringIO(), width=400, soft_wrap=True, highlight=False)
    for line in error_lines(error, SourceFile("f.py", source)):
        terminal.print(line)
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue().splitlines()


def marked(text: str, column: int | None, end_column: int | None) -> list[str]:
    """Return how one step is shown, without its place."""
    return shown(GuestError("E", "", (TraceLine(7, "f", text, column, end_column),)))[1:]


def test_carets_stand_under_the_range_without_indentation() -> None:
    """The line is shown from its first character on, and the carets follow."""
    assert marked("        return a.b + 1", 16, 19) == [
        "      7 │ return a.b + 1",
        "                 ^^^",
    ]


def test_a_place_without_an_end_has_one_caret() -> None:
    """Where only the start is known, one caret stands there."""
    assert marked("x = (1", 5, None)[1].count("^") == 1


def test_a_place_without_a_column_has_no_caret() -> None:
    """The line alone is shown."""
    assert marked("x = 1", None, None) == ["      7 │ x = 1"]


def test_wide_and_hidden_characters_take_the_room_they_are_shown_in() -> None:
    """A character of two columns pushes the carets by two, an escape by its length."""
    code, carets = marked("宽\u202e = x", 6, 7)

    assert code == "      7 │ 宽\\u202e = x"
    assert carets == " " * (10 + 2 + len("\\u202e = ")) + "^"


def test_a_tab_counts_as_one_character() -> None:
    """Columns count characters, however a terminal shows them."""
    assert marked("\tx\t= y", 6, 7) == ["      7 │ x = y", "              ^"]


def test_a_long_line_is_shown_around_its_place() -> None:
    """A line without end does not fill the terminal."""
    code, carets = marked("x" * 300 + "!" + "y" * 300, 301, 302)

    assert len(code) == 130
    assert code.index("!") == carets.index("^")


def test_a_place_beyond_what_is_shown_has_no_caret() -> None:
    """A line that was cut before its place shows its start."""
    assert len(marked("x" * 10, 5000, 5001)) == 1


def test_repeated_steps_are_shown_once() -> None:
    """An endless recursion does not fill the terminal."""
    step = TraceLine(2, "f", "return f()", 8, 11)

    lines = shown(GuestError("RecursionError", "", (TraceLine(4, "handler"), *(step,) * 19)))

    assert lines[-1] == "        … 18 more times"
    assert len(lines) == 5


def test_causes_follow_with_how_they_led_here() -> None:
    """Earlier exceptions are told with their own lines."""
    causes = (
        GuestCause("KeyError", "'k'", (TraceLine(1, "f", "a['k']", 1, 7),), is_explicit=True),
        GuestCause("ValueError", ""),
    )

    lines = shown(GuestError("E", "m", (TraceLine(3, "f"),), causes=causes, hint="Think."))

    assert lines == [
        "  f.py:3 in f",
        "  hint: Think.",
        "  caused by KeyError: 'k'",
        "  f.py:1 in f",
        "      1 │ a['k']",
        "          ^^^^^^",
        "  raised while handling ValueError",
    ]


def test_every_problem_is_shown_with_its_message_and_hint() -> None:
    """Several problems each say what they are; the line comes with them or out of the file."""
    problems = (
        CodeProblem("No os.", 1, 1, 10, "Do without.", "import os"),
        CodeProblem("No handler.", hint="Add one."),
        CodeProblem("No sys.", 2, 8, 11),
    )

    lines = shown(GuestError("CodeRejected", "No os.", problems=problems), "import os\rimport sys")

    assert lines == [
        "  f.py:1:1  No os.",
        "      1 │ import os",
        "          ^^^^^^^^^",
        "  hint: Do without.",
        "  No handler.",
        "  hint: Add one.",
        "  f.py:2:8  No sys.",
        "      2 │ import sys",
        "                 ^^^",
    ]


def test_a_single_problem_leaves_its_message_to_the_headline() -> None:
    """What was said is not said again."""
    problem = CodeProblem("No os.", 1, 1, 10, "", "import os")

    assert shown(GuestError("CodeRejected", "No os.", problems=(problem,)))[0] == "  f.py:1:1"
