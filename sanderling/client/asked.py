"""What callers hand to the client, checked before it goes anywhere.

A check that stands here holds for every transport; the refusals are those that the API has.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from drivers.limits import CEILINGS
from runner.call import TOLD_TRIGGERS, Selector, Trigger
from runner.errors import CallUnknown, FunctionUnknown
from runner.executions.request import check_idempotency_key
from runner.function import is_name
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.page_bounds import MAX_NUMBER, MAX_PAGE
from sanderling.client.transport import AskedCall, PagePlace
from sanderling.kernel.ids import is_id
from sanderling.kernel.jsontext import JSON, encode

Body = TypeVar("Body", bound=BaseModel)


def known_name(name: str) -> str:
    """Return `name`; a text that is no name is not sent, for it could be another route.

    Raises:
        FunctionUnknown: no function can have it.

    """
    if not is_name(name):
        raise FunctionUnknown(name=name)
    return name


def known_call_id(call_id: str) -> str:
    """Return `call_id`.

    Raises:
        CallUnknown: no call can have it.

    """
    if not is_id(call_id, "call"):
        raise CallUnknown(call_id=call_id)
    return call_id


def _refuse(place: str, field: str, message: str) -> RequestInvalid:
    return RequestInvalid([Misfit(place, field, message)])


def asked_call(
    function: str,
    event: JSON,
    *,
    version: str | int | None,
    timeout_s: float | None,
    trigger: str,
    idempotency_key: str | None = None,
) -> AskedCall:
    """Return the call that was asked for.

    Raises:
        FunctionUnknown: no function can have this name.
        InvalidJSON: the event has no strict JSON form.
        RequestInvalid: the version, the timeout or the trigger does not fit.
        ExecutionRefused: the idempotency key is no word for one.

    """
    if idempotency_key is not None:
        check_idempotency_key(idempotency_key)
    if timeout_s is not None and not 0 < timeout_s <= CEILINGS["wall_s"]:
        raise _refuse("query", "timeout_s", f"it is above 0 and at most {CEILINGS['wall_s']:g}")
    if trigger not in TOLD_TRIGGERS:
        raise _refuse("query", "trigger", f"it is one of {', '.join(TOLD_TRIGGERS)}")
    return AskedCall(
        known_name(function),
        encode(event),
        _version(version),
        timeout_s,
        Trigger(trigger),
        idempotency_key,
    )


def _version(version: str | int | None) -> Selector | int:
    if version is None:
        return Selector.LIVE
    if isinstance(version, int):
        return known_number(version, place="query")
    if version in set(Selector):
        return Selector(version)
    raise _refuse("query", "version", "it is live, draft or a version's number")


def known_number(number: int, *, place: str) -> int:
    """Return the number of a version.

    Raises:
        RequestInvalid: no version can have it.

    """
    if isinstance(number, bool) or not 0 < number <= MAX_NUMBER:
        raise _refuse(place, "version", f"it is a whole number from 1 to {MAX_NUMBER}")
    return number


def page_place(limit: int, cursor: str | None) -> PagePlace:
    """Return the part of a list that is wanted.

    Raises:
        RequestInvalid: the limit is out of range.

    """
    if not 0 < limit <= MAX_PAGE:
        raise _refuse("query", "limit", f"it is a whole number from 1 to {MAX_PAGE}")
    return PagePlace(limit, cursor)


def asked_body(model: type[Body], members: Mapping[str, Any]) -> Body:
    """Return the body that these members make.

    Raises:
        RequestInvalid: a member does not fit.

    """
    try:
        return model.model_validate(dict(members))
    except ValidationError as error:
        raise RequestInvalid(
            [
                Misfit("body", ".".join(map(str, each["loc"])), each["msg"])
                for each in error.errors(include_input=False, include_url=False)
            ]
        ) from None
