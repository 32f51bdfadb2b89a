"""The corpus of hostile functions, and what counts as the expected end of each."""

import json
from dataclasses import dataclass
from pathlib import Path

from drivers.port import Deployment, Outcome, OutcomeKind

CORPUS = Path(__file__).parents[1] / "corpus"
FILES = (CORPUS / "attacks.jsonl", CORPUS / "more_attacks.jsonl")


@dataclass(frozen=True, slots=True)
class Attack:
    """One entry."""

    id: str
    source: str
    expect: str
    layer: str
    category: str
    runs_twice: bool


def attacks() -> tuple[Attack, ...]:
    """Return every entry."""
    entries = [json.loads(line) for file in FILES for line in file.read_text().splitlines()]
    return tuple(
        Attack(
            entry["id"],
            entry["source"],
            entry["expect"],
            entry["layer"],
            entry["category"],
            runs_twice=entry.get("run") == "twice",
        )
        for entry in entries
    )


_ENDS = {
    "ok": {OutcomeKind.OK},
    # A native crash stays in its worker, and is as good an end as an exception.
    "runtime_error": {
        OutcomeKind.USER_ERROR,
        OutcomeKind.BAD_RESULT,
        OutcomeKind.RESULT_TOO_LARGE,
        OutcomeKind.CRASHED,
    },
    "blocked": {OutcomeKind.USER_ERROR, OutcomeKind.CRASHED},
    "compile_error": {OutcomeKind.BAD_CODE},
    "timeout": {OutcomeKind.TIMEOUT},
    "memory_limit": {OutcomeKind.OUT_OF_MEMORY},
}

_BLOCKED_ERRORS = {"PermissionError", "OSError", "ModuleNotFoundError", "ValueError"}


def is_expected(attack: Attack, observed: Outcome | Deployment) -> bool:
    """Claim that an attack ended as the corpus says."""
    if observed.kind not in _ENDS[attack.expect]:
        return False
    if attack.expect != "blocked" or observed.kind is OutcomeKind.CRASHED:
        return True
    return observed.error is not None and observed.error.type in _BLOCKED_ERRORS
