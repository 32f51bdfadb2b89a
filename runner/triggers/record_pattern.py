"""Patterns of record events: which changes of which objects a record trigger watches."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from runner.triggers.errors import TriggerRefused
from sanderling.kernel.events import RecordOperation

ANY = "*"
MAX_FIELDS = 50

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class RecordPattern:
    """An object and an operation, each of which may be `*`."""

    object: str
    operation: str

    def matches(self, object_name: str, operation: RecordOperation) -> bool:
        """Claim that this pattern watches such a change."""
        return self.object in {ANY, object_name} and self.operation in {ANY, operation.value}


def read_event_name(text: str) -> RecordPattern:
    """Return the pattern that `text` is, such as `company.updated` or `*.created`.

    Raises:
        TriggerRefused: it is no pattern, and why.

    """
    object_name, dot, operation = text.partition(".")
    if not dot:
        raise _refused("it is OBJECT.OPERATION, as in company.updated or *.created")
    if object_name != ANY and not is_object_name(object_name):
        raise _refused("the object is * or a name of letters, digits and _")
    if operation != ANY and operation not in set(RecordOperation):
        raise _refused(f"the operation is *, {', '.join(RecordOperation)}")
    return RecordPattern(object_name, operation)


def check_updated_fields(pattern: RecordPattern, fields: Collection[str]) -> None:
    """Pass fields that narrow what `pattern` watches.

    Raises:
        TriggerRefused: there are too many, one is no name, or nothing is updated.

    """
    if not fields:
        return
    if pattern.operation not in {ANY, RecordOperation.UPDATED.value}:
        raise TriggerRefused(
            field="updated_fields", reason=f"{pattern.operation} updates no fields; leave it out"
        )
    if len(fields) > MAX_FIELDS or not all(map(is_field_name, fields)):
        raise TriggerRefused(
            field="updated_fields",
            reason=f"it has at most {MAX_FIELDS} names of letters, digits and _",
        )


def is_object_name(text: str) -> bool:
    """Claim that an object can be called so."""
    return _WORD.fullmatch(text) is not None


def is_field_name(text: str) -> bool:
    """Claim that a field can be called so."""
    return _WORD.fullmatch(text) is not None


def _refused(reason: str) -> TriggerRefused:
    return TriggerRefused(field="event_name", reason=reason)
