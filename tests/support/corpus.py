"""The hostile functions that ship with the sources."""

from functools import cache
from pathlib import Path

from drivers.corpus import Attack, read_corpus

CORPUS = Path(__file__).parents[1] / "corpus"
SHARED = CORPUS / "attacks.jsonl"
FILES = (SHARED, CORPUS / "more_attacks.jsonl")


def whole_corpus() -> bytes:
    """Return every file as one."""
    return b"\n".join(file.read_bytes() for file in FILES)


@cache
def attacks() -> tuple[Attack, ...]:
    """Return every entry of every file."""
    return read_corpus(whole_corpus()).attacks


@cache
def shared_attacks() -> tuple[Attack, ...]:
    """Return the entries of the shared file."""
    return read_corpus(SHARED.read_bytes()).attacks
