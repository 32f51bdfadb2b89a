"""A page of documentation as something to follow: the files it has readers save, the commands."""

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:^Save this as `(?P<file>[\w.-]+)`:\n\n)?^```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that the reader is asked to save."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that the reader is asked to run; `…` in its output stands for anything."""

    line: str
    output: tuple[str, ...]

    def missing_from(self, printed: str) -> str | None:
        """Return the first promised line that `printed` does not have, in order."""
        rest = iter(printed.splitlines())
        for promised in self.output:
            pattern = ".*".join(re.escape(part.strip()) for part in promised.split("…"))
            if not any(re.fullmatch(pattern, line.strip()) for line in rest):
                return promised
        return None


def _commands(body: str) -> list[Command]:
    """Return the commands of a block: lines after `$ `, each with what it is said to print."""
    commands: list[Command] = []
    for entry in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        joined = entry.replace("\\\n", "")
        line, _, output = joined.partition("\n")
        commands.append(Command(line, tuple(filter(str.strip, output.splitlines()))))
    return commands


def steps(page: Path) -> list[SavedFile | Command]:
    """Return what a reader does, from the top: console blocks are run, named files saved."""
    found: list[SavedFile | Command] = []
    for block in _BLOCK.finditer(page.read_text()):
        if block["file"]:
            found.append(SavedFile(block["file"], block["body"]))
        elif block["language"] == "console":
            found.extend(_commands(block["body"]))
    return found
