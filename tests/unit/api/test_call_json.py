"""Call records as JSON: as the models say, and readable whatever a guest wrote."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from drivers.port import GuestError, LimitHit, Outcome, OutcomeKind, TraceLine
from runner.answer import answer_json
from runner.call import CallRecord, Trigger
from runner.outcome_json import outcome_from_json
from runner.ports import Page
from sanderling.api.call_json import page_json, record_json
from sanderling.api.call_models import CallAnswer, CallPage, CallShown
from sanderling.kernel.ids import CallId, FunctionId, KeyId, RequestId, WorkspaceId
from sanderling.kernel.jsontext import JSON, decode, encode

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def _record(outcome: Outcome, *, event_json: bytes = b'{"n": 1}') -> CallRecord:
    return CallRecord(
        id=CallId("call_" + "0" * 26),
        workspace_id=WorkspaceId("ws_1"),
        function_id=FunctionId("fn_1"),
        function_name="echo",
        version=None,
        digest="ab" * 32,
        trigger=Trigger.API,
        key_id=KeyId("key_1"),
        request_id=RequestId("req_1"),
        started_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
        event_json=event_json,
        outcome=outcome,
    )


WHOLE = Outcome(
    OutcomeKind.TIMEOUT,
    driver="memory",
    duration_s=0.0125,
    error=GuestError("Late", "too late", (TraceLine(3, "handler", "x"),), 3, 1, "hurry"),
    detail="Too late.",
    logs="one\ntwo",
    logs_dropped_bytes=7,
    limit=LimitHit("wall_s", 5.0, 5.1),
    cpu_s=0.5,
    memory_bytes=1000,
    layers=("seccomp",),
    waived=("landlock",),
    retry_after_s=2.0,
)


@given(VALUES, VALUES)
def test_result_and_event_come_through_unchanged(result: JSON, event: JSON) -> None:
    """Splicing kept JSON into an answer gives the same values as parsing it would."""
    ended = Outcome(OutcomeKind.OK, driver="memory", result_json=encode(result))
    record = _record(ended, event_json=encode(event))

    shown, answered = decode(record_json(record)), decode(answer_json(record))

    assert isinstance(shown, dict)
    assert isinstance(answered, dict)
    assert (shown["event"], shown["result"], answered["result"]) == (event, result, result)


def test_what_is_sent_is_what_the_models_describe() -> None:
    """Each form has the members of its model and no others."""
    record = _record(WHOLE)

    CallAnswer.model_validate_json(answer_json(record))
    CallShown.model_validate_json(record_json(record))
    CallPage.model_validate_json(page_json(Page((record,), "next")))


def test_an_answer_becomes_the_outcome_again() -> None:
    """Nothing of an outcome is lost on the way to the client."""
    assert outcome_from_json(decode(answer_json(_record(WHOLE)))) == WHOLE


@given(st.text(st.characters(), max_size=5) | st.just("\ud800"))
def test_a_guests_text_never_breaks_an_answer(text: str) -> None:
    """Half a surrogate pair, which UTF-8 has no form for, is replaced."""
    error = GuestError("E", text, (TraceLine(1, text, text),))
    record = _record(Outcome(OutcomeKind.USER_ERROR, driver="memory", error=error, logs=text))

    for sent in (answer_json(record), record_json(record), page_json(Page((record,)))):
        decode(sent)
