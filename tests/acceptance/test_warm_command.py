"""What tests run in the place of the installed command is told apart from it by nothing."""

import subprocess

import pytest

from support.command import ENOUGH_S, CommandLine
from support.warm import PROGRAM, command_words

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "words",
    [
        ["version", "--json"],
        ["functions", "list"],
        ["functions", "show", "nothing"],
        ["functions", "nonsense", "--json"],
        ["invoke", "-", "--json"],
    ],
    ids=" ".join,
)
def test_it_ends_and_prints_as_the_program_does(command: CommandLine, words: list[str]) -> None:
    """Exit code, output and errors are the same to the letter."""
    ended = [
        subprocess.run(
            [*before, *words],
            cwd=command.folder,
            env=command.environment(),
            input="def handler(event, context):\n    return event\n",
            capture_output=True,
            text=True,
            timeout=ENOUGH_S,
            check=False,
        )
        for before in ([PROGRAM], command_words())
    ]

    assert [(one.returncode, one.stdout, one.stderr) for one in ended[1:]] == [
        (one.returncode, one.stdout, one.stderr) for one in ended[:1]
    ]


def test_it_ends_with_whoever_waits_for_it(command: CommandLine) -> None:
    """A command that was given up does not go on."""
    words = [*command_words(), "dev", "providers", "--port", "0", "--json"]
    with subprocess.Popen(
        words, cwd=command.folder, env=command.environment(), stdout=subprocess.PIPE
    ) as process:
        out = process.stdout
        assert out is not None
        assert out.readline()
        process.kill()
        # Its output ends when nobody holds it any more.
        assert out.read() == b""
