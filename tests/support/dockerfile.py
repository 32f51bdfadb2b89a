"""Reads a Dockerfile into stages of instructions; what we do not write is not understood."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: its word, its options, and its words after those."""

    word: str
    options: Mapping[str, str]
    words: tuple[str, ...]


@dataclass(slots=True)
class Stage:
    """One stage: what it starts from, and what is done to it."""

    name: str
    base: str
    steps: list[Step] = field(default_factory=list[Step])

    def last(self, word: str) -> tuple[str, ...]:
        """Return the words of the last instruction of that word, none without one."""
        return next((step.words for step in reversed(self.steps) if step.word == word), ())


def read_dockerfile(path: Path, arguments: Mapping[str, str]) -> dict[str, Stage]:
    """Return the stages by name, in order, with `arguments` in place of variables."""
    known = dict(arguments)
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in _lines(path.read_text(encoding="utf-8")):
        word, _, rest = line.partition(" ")
        rest = _VARIABLE.sub(lambda found: known[found[1]], rest)
        if word == "ARG":
            name, _, default = rest.partition("=")
            known.setdefault(name, default)
        elif word == "FROM":
            base, _, name = rest.split()
            stage = stages[name] = Stage(name, base)
        else:
            assert stage is not None, line
            stage.steps.append(_step(word, rest))
    return stages


def _lines(text: str) -> list[str]:
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", kept)
    return [" ".join(line.split()) for line in joined.splitlines() if line.strip()]


def _step(word: str, rest: str) -> Step:
    options: dict[str, str] = {}
    while rest.startswith("--"):
        option, _, rest = rest.partition(" ")
        name, _, value = option.removeprefix("--").partition("=")
        options[name] = value
    if word == "HEALTHCHECK":
        rest = rest.removeprefix("CMD ")
    words = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
    return Step(word, options, tuple(words))
