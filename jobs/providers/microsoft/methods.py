"""The methods of Graph that are used, and the delegated scopes that allow them.

Each request counts as one; a part of a batch is a request.
"""

from dataclasses import dataclass

IDENTITY_SCOPES = ("openid", "email", "profile", "offline_access", "User.Read")
MAIL_SCOPES = ("Mail.Read",)
CALENDAR_SCOPES = ("Calendars.Read",)
SCOPES = (*IDENTITY_SCOPES, *MAIL_SCOPES, *CALENDAR_SCOPES)
"""What sync asks people to consent to at most; each channel asks for its own, and none writes."""

SENDING_SCOPE = "Mail.Send"
"""What is asked for beside it where mail is to be sent; it lets nobody read."""

_READS_MAIL = frozenset({"Mail.Read", "Mail.ReadWrite"})
_READS_HEADERS = _READS_MAIL | {"Mail.ReadBasic"}
_READS_EVENTS = frozenset({"Calendars.Read", "Calendars.ReadWrite"})


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its path with names in braces, and scopes of which one suffices."""

    path: str
    scopes: frozenset[str]

    def at(self, **names: str) -> str:
        """Return the path to one resource; ids are quoted already."""
        return self.path.format(**names)


ROOT = "/v1.0"
FOLDERS = Method(f"{ROOT}/me/mailFolders/delta", _READS_HEADERS)
FOLDER = Method(f"{ROOT}/me/mailFolders/{{folder}}", _READS_HEADERS)
DELTA = Method(f"{ROOT}/me/mailFolders/{{folder}}/messages/delta", _READS_HEADERS)
MESSAGE = Method(f"{ROOT}/me/messages/{{message}}", _READS_MAIL)
ATTACHMENT = Method(f"{ROOT}/me/messages/{{message}}/attachments/{{file}}/$value", _READS_MAIL)
WINDOW = Method(f"{ROOT}/me/calendarView/delta", _READS_EVENTS)
EVENT = Method(f"{ROOT}/me/events/{{event}}", _READS_EVENTS)
INSTANCES = Method(f"{ROOT}/me/events/{{event}}/instances", _READS_EVENTS)
SUBSCRIBE_TO_MESSAGES = Method(f"{ROOT}/subscriptions", _READS_HEADERS)
SUBSCRIBE_TO_EVENTS = Method(f"{ROOT}/subscriptions", _READS_EVENTS)
SUBSCRIPTION = Method(f"{ROOT}/subscriptions/{{subscription}}", _READS_HEADERS | _READS_EVENTS)

METHODS = (FOLDERS, FOLDER, DELTA, MESSAGE, ATTACHMENT, WINDOW, EVENT, INSTANCES)

WATCHING = (SUBSCRIBE_TO_MESSAGES, SUBSCRIBE_TO_EVENTS, SUBSCRIPTION)
"""What asks Graph to tell of changes; whoever may read something may subscribe to it."""

BATCH_PATH = f"{ROOT}/$batch"
"""Where up to twenty methods are asked for at once; consent is looked at for each of them."""
