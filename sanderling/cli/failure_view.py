"""What a failure holds beside its sentence: every conflict, every problem, every process."""

from config.errors import ConfigConflict, ConfigRejected, RevisionNotInForce
from sanderling.kernel.errors import Failure
from sanderling.kernel.jsontext import JSON


def failure_members(failure: Failure) -> dict[str, JSON]:
    """Return the further members of a failure, named as in its problem document."""
    match failure:
        case ConfigConflict():
            return {
                "conflicts": [
                    {"name": each.name, "in_force": each.before, "asked": each.after}
                    for each in failure.conflicts
                ]
            }
        case ConfigRejected():
            return {
                "problems": [
                    {"name": each.name, "reason": each.reason} for each in failure.problems
                ]
            }
        case RevisionNotInForce():
            return {"waiting": list(failure.waiting)}
        case _:
            return {}


def failure_lines(failure: Failure) -> list[str]:
    """Return what people see below the sentence: of a conflict, both values of each variable."""
    if not isinstance(failure, ConfigConflict):
        return []
    return [
        f"  {each.name}: in force {_value(each.before)}, asked for {_value(each.after)}"
        for each in failure.conflicts
    ]


def _value(text: str | None) -> str:
    return "nothing stored" if text is None else text
