"""What the settings want of push."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.streams.stream import Channel

PATHS: Mapping[Channel, str] = {
    Channel.GMAIL: "/push/gmail",
    Channel.GOOGLE_CALENDAR: "/push/google-calendar",
    Channel.MICROSOFT_MAIL: "/push/microsoft",
    Channel.MICROSOFT_CALENDAR: "/push/microsoft",
}
"""Where notifications about each channel come in, below the address of this instance."""

_NO_TOPIC = "Gmail tells of nothing without a topic; set MESSAGING_GMAIL_PUBSUB_TOPIC."
_CHANNEL_OFF = "This channel is turned off."


@dataclass(frozen=True, slots=True)
class PushPlan:
    """Whether providers are asked to tell of changes, of which channels, and where.

    `base_url` is the address of this instance without a slash at its end, `turned_on` the
    channels that are synced at all, and `topic` what Gmail publishes to.
    """

    is_on: bool = False
    base_url: str = ""
    turned_on: frozenset[Channel] = field(default_factory=frozenset[Channel])
    topic: str = ""

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that providers are asked to tell of."""
        return frozenset(each for each in self.turned_on if self.is_on and not self.hindrance(each))

    def hindrance(self, channel: Channel) -> str:
        """Return in a sentence why a channel cannot be watched; empty where it can."""
        if channel not in self.turned_on:
            return _CHANNEL_OFF
        return _NO_TOPIC if channel is Channel.GMAIL and not self.topic else ""

    @property
    def destinations(self) -> Mapping[Channel, str]:
        """Where the notifications of each of `channels` go: to Gmail's topic, or to an address."""
        return {each: self.destination(each) for each in self.channels}

    def destination(self, channel: Channel) -> str:
        """Return where the notifications of a channel go."""
        return self.topic if channel is Channel.GMAIL else self.address(channel)

    def address(self, channel: Channel) -> str:
        """Return the address at which the notifications of a channel come in."""
        return f"{self.base_url}{PATHS[channel]}"
