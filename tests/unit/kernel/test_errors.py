"""A failure says what happened and what to do, from its docstring and its facts."""

from typing import ClassVar

import pytest

from sanderling.kernel.errors import Fact, Failure, Fault, Refusal, StoreUnavailableError


class KettleEmpty(Refusal):
    """The kettle {name!r} holds {litres:.1f} litres.

    Fill it with at
    least {needed} litres.

    Readers of the code learn more here.
    """

    code: ClassVar[str] = "kettle_empty"

    def __init__(self, *, name: str, litres: float, needed: int) -> None:
        """Keep what is there and what is needed."""
        super().__init__(name=name, litres=litres, needed=needed)


class LidOpen(Refusal):
    """The lid is open {sic}."""

    code: ClassVar[str] = "lid_open"


def test_the_first_paragraph_tells_what_happened() -> None:
    """Facts are put in with their formats; line breaks are not kept."""
    failure = KettleEmpty(name="blue", litres=0.25, needed=1)

    assert failure.detail == "The kettle 'blue' holds 0.2 litres."


def test_the_second_paragraph_tells_what_to_do() -> None:
    """Paragraphs after it are for readers of the code."""
    failure = KettleEmpty(name="blue", litres=0.25, needed=1)

    assert failure.advice == "Fill it with at least 1 litres."
    assert str(failure) == f"{failure.detail} {failure.advice}"


def test_facts_are_kept_as_they_are() -> None:
    """Numbers stay numbers, so that the edge can format them."""
    failure = KettleEmpty(name="blue", litres=0.25, needed=1)

    expected: dict[str, Fact] = {"name": "blue", "litres": 0.25, "needed": 1}
    assert expected == failure.facts


def test_braces_in_a_fact_are_only_text() -> None:
    """A fact that came from outside is never a template."""
    failure = StoreUnavailableError(reason="{reason.__class__} {0}")

    assert failure.detail == "The database did not answer: {reason.__class__} {0}."


def test_without_facts_the_message_stands_as_written() -> None:
    """A class without facts may use braces, and has no advice when it gives none."""
    failure = LidOpen()

    assert (failure.detail, failure.advice, str(failure)) == (
        "The lid is open {sic}.",
        "",
        "The lid is open {sic}.",
    )


def test_a_missing_fact_is_a_programming_mistake() -> None:
    """A message never reaches a reader with a hole in it."""
    with pytest.raises(KeyError):
        Refusal.__init__(KettleEmpty.__new__(KettleEmpty), name="blue")


@pytest.mark.parametrize("kind", [Refusal, Fault])
def test_both_branches_can_be_caught_at_the_root(kind: type[Failure]) -> None:
    """One clause at the edge catches all that this project raises on purpose."""
    with pytest.raises(Failure):
        raise kind
