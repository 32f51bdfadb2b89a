"""Which delegated scopes allow which method, as Graph's permissions reference says."""

_READ_MAIL = frozenset({"Mail.Read", "Mail.ReadWrite"})
SEE_MAIL = _READ_MAIL | {"Mail.ReadBasic"}
_CALENDAR = frozenset({"Calendars.Read", "Calendars.ReadWrite"})
SEE_CALENDAR = _CALENDAR | {"Calendars.ReadBasic"}

ALLOWING: dict[str, frozenset[str]] = {
    "me.get": frozenset({"User.Read", "User.ReadWrite", "User.ReadBasic.All", "User.Read.All"}),
    "mailFolders.list": SEE_MAIL,
    "mailFolders.get": SEE_MAIL,
    "mailFolders.childFolders": SEE_MAIL,
    "mailFolders.delta": SEE_MAIL,
    "messages.list": SEE_MAIL,
    "messages.delta": SEE_MAIL,
    "messages.get": SEE_MAIL,
    "messages.attachments.list": _READ_MAIL,
    "messages.attachments.get": _READ_MAIL,
    "messages.attachments.value": _READ_MAIL,
    "calendar.get": SEE_CALENDAR,
    "calendars.list": SEE_CALENDAR,
    "calendarView.list": SEE_CALENDAR,
    "calendarView.delta": SEE_CALENDAR,
    "events.get": SEE_CALENDAR,
    "events.instances": SEE_CALENDAR,
    # Which of the two it has to be depends on what is subscribed to.
    **dict.fromkeys(
        (
            *("subscriptions.create", "subscriptions.get"),
            *("subscriptions.update", "subscriptions.delete"),
        ),
        SEE_MAIL | SEE_CALENDAR,
    ),
}


def plain(scopes: frozenset[str]) -> frozenset[str]:
    """Return scopes without the address of the resource, which Graph lets people leave out."""
    return frozenset(scope.removeprefix("https://graph.microsoft.com/") for scope in scopes)
