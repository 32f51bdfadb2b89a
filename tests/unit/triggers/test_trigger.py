"""Settings of triggers hold together, or are refused."""

import pytest

from runner.triggers.errors import TriggerRefused
from runner.triggers.trigger import (
    MAX_HEADERS,
    WITHHELD_HEADERS,
    EventShape,
    HTTPMethod,
    HTTPRoute,
    RecordWatch,
    ReplyShape,
    TriggerKind,
)


def test_a_route_asks_for_a_key_unless_told_otherwise() -> None:
    """What is safe is what one gets without asking; no header is forwarded."""
    route = HTTPRoute("/hook", HTTPMethod.POST)

    assert (route.is_auth_required, route.forwarded_request_headers) == (True, ())
    assert (route.kind, RecordWatch("*.*").kind) == (TriggerKind.HTTP, TriggerKind.RECORD)


@pytest.mark.parametrize("name", sorted(WITHHELD_HEADERS))
def test_credentials_and_hop_by_hop_headers_are_never_forwarded(name: str) -> None:
    """They are refused when the trigger is saved, not dropped in silence later."""
    with pytest.raises(TriggerRefused, match=name):
        HTTPRoute("/hook", HTTPMethod.POST, forwarded_request_headers=("x-ok", name))


@pytest.mark.parametrize(
    "names",
    [
        ("Authorization",),
        ("X-Signature",),
        ("x_signature",),
        ("x signature",),
        ("x:y",),
        ("",),
        ("x\r\n",),
        ("-x",),
        ("x" * 65,),
        ("x-a", "x-a"),
        tuple(f"x-{n}" for n in range(MAX_HEADERS + 1)),
    ],
)
def test_what_is_no_list_of_headers_is_refused(names: tuple[str, ...]) -> None:
    """Names have one spelling, so that no other spelling slips past what is withheld."""
    with pytest.raises(TriggerRefused) as refused:
        HTTPRoute("/hook", HTTPMethod.POST, forwarded_request_headers=names)

    assert refused.value.facts["field"] == "forwarded_request_headers"


def test_a_function_that_gets_the_body_alone_is_promised_no_headers() -> None:
    """Two settings that cannot both be true are refused together."""
    with pytest.raises(TriggerRefused) as refused:
        HTTPRoute(
            "/hook",
            HTTPMethod.POST,
            forwarded_request_headers=("x-signature",),
            event=EventShape.BODY,
        )

    assert refused.value.facts["field"] == "forwarded_request_headers"


def test_a_queued_call_makes_no_response() -> None:
    """Whoever was answered already cannot be answered by the function."""
    with pytest.raises(TriggerRefused) as refused:
        HTTPRoute("/hook", HTTPMethod.POST, reply=ReplyShape.RESPONSE, is_queued=True)

    assert refused.value.facts["field"] == "is_queued"
