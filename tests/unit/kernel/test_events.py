"""The bus delivers each event to those who asked for its type."""

from dataclasses import dataclass

import pytest

from sanderling.kernel.events import CallRefused, EventBus


@dataclass(frozen=True)
class _Rang:
    times: int


@dataclass(frozen=True)
class _RangLoudly(_Rang):
    pass


def test_subscribers_hear_in_the_order_they_came() -> None:
    """Delivery is at once, and each subscriber hears once per subscription."""
    bus = EventBus()
    heard: list[tuple[str, int]] = []
    bus.subscribe(_Rang, lambda event: heard.append(("first", event.times)))
    bus.subscribe(_Rang, lambda event: heard.append(("second", event.times)))

    bus.publish(_Rang(1))
    bus.publish(_Rang(2))

    assert heard == [("first", 1), ("second", 1), ("first", 2), ("second", 2)]


def test_only_the_exact_type_is_delivered() -> None:
    """Neither a subclass nor another event reaches a subscriber."""
    bus = EventBus()
    heard: list[_Rang] = []
    bus.subscribe(_Rang, heard.append)

    bus.publish(_RangLoudly(1))
    bus.publish(CallRefused(code="rate_limited", workspace_id=None))

    assert heard == []


def test_an_event_without_subscribers_is_no_fault() -> None:
    """Rooms announce without knowing who listens."""
    EventBus().publish(_Rang(1))


def test_what_a_subscriber_raises_reaches_the_publisher() -> None:
    """Nothing is swallowed; later subscribers do not hear that event."""
    bus = EventBus()
    heard: list[_Rang] = []

    def fail(event: _Rang) -> None:
        raise RuntimeError(event.times)

    bus.subscribe(_Rang, fail)
    bus.subscribe(_Rang, heard.append)

    with pytest.raises(RuntimeError):
        bus.publish(_Rang(1))
    assert heard == []
