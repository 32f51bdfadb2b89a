"""Which delegated scopes allow which method, as Graph's permissions reference says."""

_READ_MAIL = frozenset({"Mail.Read", "Mail.ReadWrite"})
_SEE_MAIL = _READ_MAIL | {"Mail.ReadBasic"}
_CALENDAR = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
_SEE_CALENDAR = _CALENDAR | {"Calendars.ReadBasic"}

ALLOWING: dict[str, frozenset[str]] = {
    "me.get": frozenset({"User.Read", "User.ReadWrite", "User.ReadBasic.All", "User.Read.All"}),
    "mailFolders.list": _SEE_MAIL,
    "mailFolders.get": _SEE_MAIL,
    "mailFolders.childFolders": _SEE_MAIL,
    "mailFolders.delta": _SEE_MAIL,
    "messages.list": _SEE_MAIL,
    "messages.delta": _SEE_MAIL,
    "messages.get": _SEE_MAIL,
    "messages.attachments.list": _READ_MAIL,
    "messages.attachments.get": _READ_MAIL,
    "messages.attachments.value": _READ_MAIL,
    "calendar.get": _SEE_CALENDAR,
    "calendars.list": _SEE_CALENDAR,
    "calendarView.list": _SEE_CALENDAR,
    "calendarView.delta": _SEE_CALENDAR,
    "events.get": _SEE_CALENDAR,
    "events.instances": _SEE_CALENDAR,
}


def plain(scopes: frozenset[str]) -> frozenset[str]:
    """Return scopes without the address of the resource, which Graph lets people leave out."""
    return frozenset(scope.removeprefix("https://graph.microsoft.com/") for scope in scopes)
