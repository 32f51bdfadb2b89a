"""The methods of Google that are used, with their cost and the scopes that allow them.

Costs of Gmail are those of projects made since May 2026; older projects pay less for bodies, and
are asked for no more than that by counting too much. Each request to a calendar counts as one.
"""

from dataclasses import dataclass

_GMAIL = "https://www.googleapis.com/auth/gmail."
_CALENDAR = "https://www.googleapis.com/auth/calendar"

IDENTITY_SCOPES = (
    "openid",
    "email",
    "profile",
    "https://www.googleapis.com/auth/profile.emails.read",
)
MAIL_SCOPES = (f"{_GMAIL}readonly",)
CALENDAR_SCOPES = (f"{_CALENDAR}.events",)
SCOPES = (*CALENDAR_SCOPES, *MAIL_SCOPES, *IDENTITY_SCOPES)
"""What sync asks people to consent to at most; each channel asks for its own alone."""

SENDING_SCOPE = f"{_GMAIL}send"
"""What is asked for beside it where mail is to be sent; it lets nobody read."""

_READS_MAIL = frozenset({"https://mail.google.com/", f"{_GMAIL}modify", f"{_GMAIL}readonly"})
_READS_HEADERS = _READS_MAIL | {f"{_GMAIL}metadata"}
_READS_EVENTS = frozenset(
    {
        _CALENDAR,
        f"{_CALENDAR}.readonly",
        f"{_CALENDAR}.events",
        f"{_CALENDAR}.events.readonly",
    }
)


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its path below the API's host, its units, and scopes of which one suffices."""

    id: str
    path: str
    units: int
    scopes: frozenset[str]


PROFILE = Method("gmail.users.getProfile", "/gmail/v1/users/me/profile", 1, _READS_HEADERS)
LABELS = Method("gmail.users.labels.list", "/gmail/v1/users/me/labels", 1, _READS_HEADERS)
MESSAGES = Method("gmail.users.messages.list", "/gmail/v1/users/me/messages", 5, _READS_HEADERS)
MESSAGE = Method("gmail.users.messages.get", "/gmail/v1/users/me/messages/", 20, _READS_HEADERS)
THREAD = Method("gmail.users.threads.get", "/gmail/v1/users/me/threads/", 40, _READS_HEADERS)
HISTORY = Method("gmail.users.history.list", "/gmail/v1/users/me/history", 2, _READS_HEADERS)
ATTACHMENT = Method(
    "gmail.users.messages.attachments.get", "/gmail/v1/users/me/messages/", 20, _READS_MAIL
)
ALIASES = Method(
    "gmail.users.settings.sendAs.list",
    "/gmail/v1/users/me/settings/sendAs",
    1,
    _READS_MAIL | {f"{_GMAIL}settings.basic"},
)
WATCH = Method("gmail.users.watch", "/gmail/v1/users/me/watch", 100, _READS_HEADERS)
STOP = Method("gmail.users.stop", "/gmail/v1/users/me/stop", 50, _READS_HEADERS)
EVENTS = Method("calendar.events.list", "/calendar/v3/calendars/primary/events", 1, _READS_EVENTS)
WATCH_EVENTS = Method(
    "calendar.events.watch", "/calendar/v3/calendars/primary/events/watch", 1, _READS_EVENTS
)
CLOSE_CHANNEL = Method("calendar.channels.stop", "/calendar/v3/channels/stop", 1, _READS_EVENTS)

METHODS = (
    *(PROFILE, LABELS, MESSAGES, MESSAGE, THREAD, HISTORY, ATTACHMENT, ALIASES, EVENTS),
    *(WATCH, STOP, WATCH_EVENTS, CLOSE_CHANNEL),
)

BATCH_PATH = "/batch/gmail/v1"
"""Where many methods of Gmail are asked for at once; each of them costs what it costs alone."""
