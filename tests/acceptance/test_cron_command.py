"""`sanderling cron` shows when a schedule runs before anything waits for it."""

import pytest

from support.command import CommandLine

pytestmark = pytest.mark.slow

BEFORE_SPRING = ("--zone", "Europe/Berlin", "--after", "2026-03-28T12:00Z")


def test_the_next_five_runs_are_shown(command: CommandLine) -> None:
    """Unless asked otherwise there are five, each in UTC and as the clock on the wall shows it."""
    shown = command.must("cron", "30 2 * * *", *BEFORE_SPRING)

    assert len(shown["runs"]) == 5
    assert shown["runs"][:2] == [
        # Clocks jump over 02:30 on that day, so it runs right after the jump.
        {"at": "2026-03-29T01:00:00+00:00", "shown": "Sun 2026-03-29 03:00:00 +0200"},
        {"at": "2026-03-30T00:30:00+00:00", "shown": "Mon 2026-03-30 02:30:00 +0200"},
    ]
    assert (shown["expression"], shown["zone"]) == ("30 2 * * *", "Europe/Berlin")


def test_people_read_a_table(command: CommandLine) -> None:
    """The zone and both times of each run are there, and as many runs as were asked for."""
    shown = command.run("cron", "@weekly", *BEFORE_SPRING, "--runs", "2")

    assert shown.status == 0
    assert "0 0 * * 0 on the clocks of Europe/Berlin" in shown.out
    assert "Sun 2026-03-29 00:00:00 +0100" in shown.out
    assert "2026-04-04 22:00:00" in shown.out
    assert "2026-04-11" not in shown.out


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("61 * * * *",), 30, "the minute cannot be read"),
        (("0 0 30 2 *",), 30, "it never matches any date"),
        (("* * * * *", "--zone", "Mars"), 30, "There is no time zone 'Mars'"),
        (("* * * * *", "--after", "soon"), 2, "write a time such as"),
        (("* * * * *", "--after", "9999-12-31T23:59:59Z"), 2, "in the years 1900 to 9899"),
        (("* * * * *", "--after", "0001-01-01T00:00Z"), 2, "in the years 1900 to 9899"),
        (("* * * * *", "--runs", "0"), 2, "--runs"),
    ],
)
def test_what_cannot_be_read_is_told(
    command: CommandLine, words: tuple[str, ...], status: int, said: str
) -> None:
    """The message names what is wrong, and the exit code tells a slip from a refusal."""
    shown = command.run("cron", *words)

    assert shown.status == status
    assert said in shown.err
