"""The examples give the results that lie beside them."""

import re

import pytest

from drivers.limits import Limits
from runner.function import check_name
from sanderling.kernel.jsontext import JSON, decode, encode
from support.examples import EXAMPLES, Example, canonical
from support.messy_contacts import messy_contacts

by_name = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@by_name
def test_an_example_gives_its_result_in_plain_python(example: Example) -> None:
    """An example is ordinary Python: it gives its expected result without any sandbox."""
    expected = example.expected

    actual = example.load_plain()(example.event, {})

    assert canonical(expected) == canonical(actual)


@by_name
def test_an_example_fits_the_default_limits(example: Example) -> None:
    """Event, result and source of an example stay below the documented defaults."""
    limits = Limits()

    assert len(example.event_json) <= limits.event_bytes
    assert len(encode(example.expected)) <= limits.result_bytes
    assert len(example.source.encode()) <= limits.source_bytes


@by_name
def test_an_example_is_strict_json_and_well_named(example: Example) -> None:
    """An example can be created under its file's name and called with its event as it lies."""
    assert check_name(example.name) == example.name
    assert decode(example.event_path.read_bytes()) == example.event


@by_name
def test_an_example_tells_what_it_takes_and_gives(example: Example) -> None:
    """Each example opens with a sentence, its event and its result."""
    header = example.source.split('"""')[1]

    assert re.match(r"[A-Z][^\n]+[.:]?\n\nevent: +\S", header)
    assert "\nresult: {" in header


def test_there_are_examples_for_every_trade() -> None:
    """Nobody loses the examples without a test that says so."""
    assert {example.name for example in EXAMPLES} >= {
        "attribute_visits",
        "clean_contacts",
        "compute_quote",
        "forecast_pipeline",
        "next_business_day",
        "parse_signature",
        "route_message",
        "score_lead",
        "stripe_invoice_paid",
        "summarise_week",
        "typeform_lead",
        "verify_webhook",
    }


def test_the_contacts_event_is_what_its_writer_writes() -> None:
    """The big CSV can be written again, byte for byte."""
    example = Example("clean_contacts")

    written: JSON = {
        "country_code": "49",
        "csv": messy_contacts(people=2000, rows=3000, seed=7),
    }

    assert written == example.event
