"""Reads names of time zones: Windows has names of its own, and mail brings any of them."""

from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

_BY_SMALL_NAME = {name.lower(): zone for name, zone in win_tz.items()}
_LONGEST = 100


def zone_of(name: str) -> str | None:
    """Return the IANA name of a zone that is called so on Windows or anywhere; None if unknown.

    Custom zones of Outlook, such as `tzone://Microsoft/Custom`, are unknown.
    """
    text = name.strip()
    found = _BY_SMALL_NAME.get(text.lower(), text)
    if not found or len(found) > _LONGEST:
        return None
    try:
        return ZoneInfo(found).key
    except (ValueError, OSError, KeyError):
        return None
