"""The lanes by the names of the jobs that sweep them."""

from collections.abc import Mapping
from typing import Final

from jobs.streams.stream import Channel, Lane, Phase

LANES: Final[Mapping[str, Lane]] = {
    "gmail-message-list-fetch": Lane(Channel.GMAIL, Phase.LIST),
    "gmail-messages-import": Lane(Channel.GMAIL, Phase.IMPORT),
    "google-calendar-event-list-fetch": Lane(Channel.GOOGLE_CALENDAR, Phase.LIST),
    "google-calendar-events-import": Lane(Channel.GOOGLE_CALENDAR, Phase.IMPORT),
    "microsoft-message-list-fetch": Lane(Channel.MICROSOFT_MAIL, Phase.LIST),
    "microsoft-messages-import": Lane(Channel.MICROSOFT_MAIL, Phase.IMPORT),
    "microsoft-calendar-event-list-fetch": Lane(Channel.MICROSOFT_CALENDAR, Phase.LIST),
    "microsoft-calendar-events-import": Lane(Channel.MICROSOFT_CALENDAR, Phase.IMPORT),
}
"""The sweepers of the catalogue of jobs, each with the lane that it sweeps."""
