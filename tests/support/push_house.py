"""A house at whose door providers tell of changes, with a watch of each channel."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jobs.push.door import PushDoor
from jobs.push.hints import Hints
from jobs.push.watch import Watch
from jobs.streams.stream import Channel
from jobs.sync.faults import Temporary
from runner.limit_policy import LimitPolicy
from sanderling.kernel.events import NotificationReceived
from support.lookout import Lookout
from support.services import POLICY, House, build_house

GMAIL, CALENDAR, MICROSOFT = "/push/gmail", "/push/google-calendar", "/push/microsoft"
GOOD = "a-token-of-google's"
AWAY = "a-token-while-google-is-away"


@dataclass
class PushHouse:
    """A house with push; accounts are in two workspaces."""

    policy: LimitPolicy = POLICY
    lookout: Lookout = field(default_factory=Lookout)
    house: House = field(init=False)
    hints: Hints = field(init=False)
    outcomes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __post_init__(self) -> None:
        """Open the door."""
        lookout = self.lookout
        self.hints = Hints(lookout.estate.streams, lookout.clock)
        door = PushDoor(
            lookout.estate.watches, self.hints, lambda: lookout.plan, lookout.ask, lookout.clock
        )
        plain = build_house(policy=self.policy)
        services = replace(plain.services, push=door, is_signed=self.is_signed)
        self.house = replace(plain, services=services)
        services.bus.subscribe(
            NotificationReceived, lambda told: self.outcomes.append((told.provider, told.outcome))
        )

    async def is_signed(self, token: str) -> bool:
        """Claim that a token is the good one."""
        if token == AWAY:
            raise Temporary("they are away")
        return token == GOOD

    async def watched(self, number: int, channel: Channel) -> tuple[Watch, str]:
        """Return the watch of another account, and its secret; even ones are elsewhere."""
        account = await self.lookout.estate.connect(number, channel)
        await self.lookout.renewal().renew()
        (watch,) = await self.lookout.estate.watches.of_account(account.id)
        order = self.lookout.watchers[channel].orders[watch.remote_id or watch.address]
        return watch, order.secret


def pubsub(address: object, **more: object) -> bytes:
    """Return what Pub/Sub pushes of a mailbox."""
    change = json.dumps({"emailAddress": address, "historyId": 9876} | more).encode()
    message = {"data": base64.b64encode(change).decode(), "messageId": "1"}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()


def over(channel_id: str, token: str, state: str = "exists") -> Mapping[str, str]:
    """Return the headers of a notification of Google Calendar."""
    return {
        "x-goog-channel-id": channel_id,
        "x-goog-channel-token": token,
        "x-goog-resource-state": state,
        "x-goog-message-number": "2",
    }


def entry(subscription_id: object, state: object, **more: object) -> dict[str, object]:
    """Return one entry of a notification of Graph's."""
    return {"subscriptionId": subscription_id, "clientState": state, "changeType": "updated"} | more


def signed(token: str = GOOD) -> Mapping[str, str]:
    """Return the header with which Pub/Sub signs in."""
    return {"authorization": f"Bearer {token}"}
