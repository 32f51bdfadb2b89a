"""Ids as Graph writes them: opaque, and other ones after a move unless immutable ones are asked."""

import base64
import binascii
from dataclasses import dataclass

from sanderling.simulator.core.world import Person

_IMMUTABLE, _MUTABLE, _FOLDER, _FILE = "AAkALg", "AAMkAD", "AQMkAD", "AATkAD"
_PREFIX_LENGTH = 6


@dataclass(frozen=True, slots=True)
class EventId:
    """A meeting by its number, or the occurrence of a series that was first set at a time."""

    number: int
    original: str = ""


def message_id(person: Person, number: int, folder: str = "") -> str:
    """Return the immutable id of a mail, or the one it has while it lies in `folder`."""
    if folder:
        return _written(_MUTABLE, "m", person.subject, str(number), folder)
    return _written(_IMMUTABLE, "m", person.subject, str(number))


def message_place(person: Person, text: str) -> tuple[int, str] | None:
    """Return which mail an id names, and the folder in which the id holds; "" for any."""
    match _read(text):
        case ["m", person.subject, number]:
            return int(number), ""
        case ["m", person.subject, number, folder]:
            return int(number), folder
        case _:
            return None


def folder_id(person: Person, key: str) -> str:
    """Return the id of a folder."""
    return _written(_FOLDER, "f", person.subject, key)


def file_id(person: Person, number: int, at: int) -> str:
    """Return the id of an attachment."""
    return _written(_FILE, "a", person.subject, str(number), str(at))


def file_place(person: Person, text: str) -> tuple[int, int] | None:
    """Return which mail an attachment belongs to, and which of its files it is."""
    match _read(text):
        case ["a", person.subject, number, at]:
            return int(number), int(at)
        case _:
            return None


def event_id(person: Person, named: EventId) -> str:
    """Return the id of a meeting or an occurrence; an exception keeps its occurrence's."""
    parts = [str(named.number), *([named.original] if named.original else [])]
    return _written(_IMMUTABLE, "e", person.subject, *parts)


def read_event_id(person: Person, text: str) -> EventId | None:
    """Return what an id names."""
    match _read(text):
        case ["e", person.subject, number]:
            return EventId(int(number))
        case ["e", person.subject, number, original]:
            return EventId(int(number), original)
        case _:
            return None


def _written(prefix: str, *parts: str) -> str:
    packed = base64.urlsafe_b64encode("|".join(parts).encode()).rstrip(b"=").decode()
    return f"{prefix}{packed}"


def _read(text: str) -> list[str]:
    packed = text[_PREFIX_LENGTH:]
    try:
        padded = packed + "=" * (-len(packed) % 4)
        return base64.urlsafe_b64decode(padded.encode()).decode().split("|")
    except (binascii.Error, ValueError):
        return []
