"""The examples give the results that lie beside them."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from drivers.limits import Limits
from drivers.local import LocalDriver, LocalSettings
from drivers.port import Artifact, ArtifactKey, Driver, Invocation, Isolation, OutcomeKind
from runner.function import Definition, check_name
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.kernel.jsontext import JSON, decode, encode
from support.examples import EXAMPLES, EXAMPLES_FOLDER, Example, canonical
from support.messy_contacts import messy_contacts

by_name = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def local() -> AsyncIterator[Driver]:
    """One driver for all examples: starting it proves the walls, which takes a while."""
    async with LocalDriver(LocalSettings()) as driver:
        yield driver


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("isolation", [Isolation.CALL, Isolation.FUNCTION])
@by_name
async def test_an_example_gives_its_result_in_the_sandbox(
    example: Example, isolation: Isolation, local: Driver
) -> None:
    """Behind every wall an example gives, twice in a row, exactly what plain Python gives."""
    definition = Definition(source=example.source, isolation=isolation)
    key = ArtifactKey(WorkspaceId("ws_1"), FunctionId(f"fn_{example.name}"), definition.digest)
    artifact = Artifact(key, definition.source, isolation=isolation)

    deployment = await local.deploy(artifact)
    first = await local.invoke(Invocation(CallId("call_1"), key, example.event_json))
    second = await local.invoke(Invocation(CallId("call_2"), key, example.event_json))

    assert deployment.kind is OutcomeKind.OK, deployment
    for outcome in (first, second):
        assert outcome.kind is OutcomeKind.OK, outcome
        assert outcome.isolation is isolation
        assert canonical(example.expected) == canonical(outcome.result)


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


@by_name
def test_the_guide_names_each_example(example: Example) -> None:
    """The page on the examples has a row for each."""
    guide = (EXAMPLES_FOLDER.parent / "docs/how-to/example-functions.md").read_text(
        encoding="utf-8"
    )

    assert f"| `{example.name}.py` |" in guide


def test_the_contacts_event_is_what_its_writer_writes() -> None:
    """The big CSV can be written again, byte for byte."""
    example = Example("clean_contacts")

    written: JSON = {
        "country_code": "49",
        "csv": messy_contacts(people=2000, rows=3000, seed=7),
    }

    assert written == example.event
