"""Which scopes allow which method, as the published descriptions of the APIs say."""

_AUTH = "https://www.googleapis.com/auth"
_MAIL = "https://mail.google.com/"
_READ_MAIL = frozenset({_MAIL, f"{_AUTH}/gmail.modify", f"{_AUTH}/gmail.readonly"})
_SEE_MAIL = _READ_MAIL | {f"{_AUTH}/gmail.metadata"}
_CALENDAR = frozenset({f"{_AUTH}/calendar", f"{_AUTH}/calendar.readonly"})
_EVENTS = _CALENDAR | {
    f"{_AUTH}/calendar.app.created",
    f"{_AUTH}/calendar.events",
    f"{_AUTH}/calendar.events.freebusy",
    f"{_AUTH}/calendar.events.owned",
    f"{_AUTH}/calendar.events.owned.readonly",
    f"{_AUTH}/calendar.events.public.readonly",
    f"{_AUTH}/calendar.events.readonly",
}
METADATA_SCOPE = f"{_AUTH}/gmail.metadata"

ALLOWING: dict[str, frozenset[str]] = {
    "gmail.users.getProfile": _SEE_MAIL | {f"{_AUTH}/gmail.compose"},
    "gmail.users.messages.list": _SEE_MAIL,
    "gmail.users.messages.get": _SEE_MAIL,
    "gmail.users.messages.attachments.get": _READ_MAIL,
    "gmail.users.threads.get": _SEE_MAIL,
    "gmail.users.history.list": _SEE_MAIL,
    "gmail.users.labels.list": _SEE_MAIL | {f"{_AUTH}/gmail.labels"},
    "gmail.users.watch": _SEE_MAIL,
    "gmail.users.stop": _SEE_MAIL,
    "gmail.users.settings.sendAs.list": _READ_MAIL | {f"{_AUTH}/gmail.settings.basic"},
    "calendar.events.list": _EVENTS,
    "calendar.events.get": _EVENTS,
    "calendar.events.instances": _EVENTS,
    "calendar.events.watch": _EVENTS,
    "calendar.channels.stop": _EVENTS
    | {
        f"{_AUTH}/calendar.acls",
        f"{_AUTH}/calendar.acls.readonly",
        f"{_AUTH}/calendar.calendarlist",
        f"{_AUTH}/calendar.calendarlist.readonly",
        f"{_AUTH}/calendar.settings",
        f"{_AUTH}/calendar.settings.readonly",
    },
    "calendar.calendarList.list": _CALENDAR
    | {f"{_AUTH}/calendar.calendarlist", f"{_AUTH}/calendar.calendarlist.readonly"},
    "calendar.calendars.get": _CALENDAR
    | {
        f"{_AUTH}/calendar.app.created",
        f"{_AUTH}/calendar.calendars",
        f"{_AUTH}/calendar.calendars.readonly",
    },
}
