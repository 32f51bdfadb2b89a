"""Patterns of record events watch exactly the changes that they name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.triggers.errors import TriggerRefused
from runner.triggers.record_pattern import MAX_FIELDS, check_updated_fields, read_event_name
from sanderling.kernel.events import RecordOperation

operations = st.sampled_from(RecordOperation)
objects = st.sampled_from(["company", "person", "calendarEvent", "_"]).filter(str.isalpha)


@given(objects, operations, objects, operations)
def test_a_pattern_matches_itself_alone(
    watched: str, operation: RecordOperation, seen: str, happened: RecordOperation
) -> None:
    """Without a wildcard both words must be the same."""
    pattern = read_event_name(f"{watched}.{operation}")

    assert pattern.matches(seen, happened) == ((watched, operation) == (seen, happened))


@given(objects, operations)
def test_a_wildcard_stands_for_anything(name: str, operation: RecordOperation) -> None:
    """`*` may stand on either side, or on both."""
    for text in (f"{name}.*", f"*.{operation}", "*.*"):
        assert read_event_name(text).matches(name, operation)
    assert not read_event_name("other.*").matches(name, operation)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "company", "company.", ".updated", "*", "**.*", "com*.updated"),
        *("company.upserted", "company.UPDATED", "company.updated.name", "com pany.updated"),
        *("1company.updated", "c" * 64 + ".updated", "company.updated\n", "é.updated"),
    ],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    """The refusal names the setting and says what is allowed."""
    with pytest.raises(TriggerRefused) as refused:
        read_event_name(text)

    assert refused.value.facts["field"] == "event_name"


@pytest.mark.parametrize("text", ["company.updated", "company.*", "*.*"])
def test_updates_can_be_narrowed(text: str) -> None:
    """Whatever may be an update takes a list of fields."""
    check_updated_fields(read_event_name(text), ("name", "domainName"))


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("company.created", ("name",)),
        ("company.updated", ("na me",)),
        ("company.updated", ("",)),
        ("company.updated", tuple(f"f{n}" for n in range(MAX_FIELDS + 1))),
    ],
)
def test_fields_that_narrow_nothing_are_refused(text: str, fields: tuple[str, ...]) -> None:
    """A list that could never have an effect is a mistake."""
    with pytest.raises(TriggerRefused) as refused:
        check_updated_fields(read_event_name(text), fields)

    assert refused.value.facts["field"] == "updated_fields"
