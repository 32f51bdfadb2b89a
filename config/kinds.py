"""Reads raw texts as values: each type of variable, with what is wrong in words.

What a validator says never holds the text, which may be a secret in the wrong place.
"""

import math
import re
from collections.abc import Callable, Sequence
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, TypeAdapter, ValidationError

from config.declaration import Kind, Unit

Word = TypeVar("Word", bound=Enum)

_FLAGS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]*)", re.ASCII)
_TENANT = re.compile(
    r"common|organizations|consumers|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_MS_PER = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_BYTES_PER = {
    **dict.fromkeys(("kB", "KB"), 10**3),
    **{f"{letter}B": 10 ** (3 * power) for power, letter in enumerate("MGT", start=2)},
    **{f"{letter}iB": 2 ** (10 * power) for power, letter in enumerate("KMGT", start=1)},
}
_TEXTS: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[str, ...])


def _flag(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    flag = _FLAGS.get(value.strip().lower())
    if flag is None:
        raise ValueError("write true or false")
    return flag


def _whole(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("write a whole number")
    return int(text)


def _quantity(value: Any, units: dict[str, int], plain: str | None, example: str) -> Any:
    """Return the text as a count of the smallest unit; `plain` is what a mere number counts."""
    if not isinstance(value, str):
        return value
    matched = _QUANTITY.fullmatch(value.strip())
    unit = (matched[2] or plain) if matched else None
    if matched is None or unit not in units:
        raise ValueError(f"write a number with a unit, such as {example}")
    whole = float(matched[1]) * units[unit]
    if not whole.is_integer():
        raise ValueError("it is not a whole number of the smallest unit")
    return int(whole)


def _milliseconds(value: Any) -> Any:
    return _quantity(value, _MS_PER, "ms", "1500, 30s or 5m; a mere number counts milliseconds")


def _seconds(value: Any) -> Any:
    count_ms = _quantity(value, _MS_PER, None, "30s, 15m, 1h or 60d")
    if not isinstance(value, str):
        return value
    if count_ms % 1000:
        raise ValueError("write whole seconds")
    return count_ms // 1000


def _mebibytes(value: Any) -> Any:
    count_bytes = _quantity(value, _BYTES_PER, "MiB", "512 or 2GiB; a mere number counts MiB")
    return math.ceil(count_bytes / 2**20) if isinstance(value, str) else value


def _items(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return _TEXTS.validate_json(text)
        except ValidationError:
            message = "write a JSON list of texts, or texts with commas between them"
            raise ValueError(message) from None
    return tuple(item.strip() for item in text.split(",") if item.strip())


def read_url(value: str) -> str:
    """Return the address that `value` means.

    Raises:
        ValueError: it is none, or holds a password.

    """
    text = value.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("write a URL such as https://example.org/path") from None
    is_whole = parts.scheme in {"http", "https"} and parts.hostname and port != 0
    if not is_whole or not text.isprintable() or " " in text:
        raise ValueError("write a URL such as https://example.org/path")
    if parts.username is not None:
        raise ValueError("leave user and password out of the URL")
    return text


def _tenant(value: str) -> str:
    text = value.strip().lower()
    if not _TENANT.fullmatch(text):
        raise ValueError("write common, organizations, consumers or the id of a directory (a UUID)")
    return text


def read_service_url(value: str) -> str:
    """Return a URL that secrets may be sent below, without a slash at its end.

    Raises:
        ValueError: others could read what is sent there, or nothing stands below it.

    """
    parts = urlsplit(value)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise ValueError("write an https URL; http is for addresses of this machine alone")
    if parts.query or parts.fragment:
        raise ValueError("leave query and fragment out of the URL")
    return value.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _plain(value: str) -> str:
    if not value.isprintable():
        raise ValueError("leave out line breaks and other signs that do not print")
    return value


def choice(words: type[Word]) -> BeforeValidator:
    """Return what reads one of `words`, in any case and with - for _."""
    by_text = {str(word.value).upper(): word for word in words}

    def read(value: Any) -> Any:
        if not isinstance(value, str) or isinstance(value, words):
            return value
        word = by_text.get(value.strip().upper().replace("-", "_"))
        if word is None:
            raise ValueError(f"write {listed([str(each.value) for each in words])}")
        return word

    return BeforeValidator(read)


def choices(words: type[Word]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return what holds each item of a list to `words`, in any case."""
    by_text = {str(word.value).upper(): str(word.value) for word in words}

    def read(items: Sequence[str]) -> tuple[str, ...]:
        found = tuple(by_text.get(item.upper(), "") for item in items)
        if "" in found:
            raise ValueError(f"each of them is {listed([str(each.value) for each in words])}")
        return found

    return read


def listed(words: Sequence[str]) -> str:
    """Return `A, B or C`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


Flag = Annotated[bool, BeforeValidator(_flag), Kind.BOOL]
Whole = Annotated[int, BeforeValidator(_whole), Kind.INT]
Milliseconds = Annotated[int, BeforeValidator(_milliseconds), Kind.DURATION, Unit.MILLISECONDS]
"""A duration in milliseconds; a mere number counts milliseconds."""
Seconds = Annotated[int, BeforeValidator(_seconds), Kind.DURATION, Unit.SECONDS]
"""A duration in seconds; a mere number is refused, because people differ on what it counts."""
Mebibytes = Annotated[int, BeforeValidator(_mebibytes), Kind.SIZE, Unit.MEBIBYTES]
"""A size in MiB; a mere number counts MiB, and a part of one is rounded up."""
Text = Annotated[str, AfterValidator(_plain), Kind.STRING]
Folder = Annotated[Path, Kind.STRING]
Items = Annotated[tuple[str, ...], BeforeValidator(_items), Kind.ARRAY]
MicrosoftTenant = Annotated[str, AfterValidator(_tenant), Kind.STRING]
URL = Annotated[str, AfterValidator(read_url), Kind.URL]
ServiceURL = Annotated[str, AfterValidator(read_url), AfterValidator(read_service_url), Kind.URL]
"""Where a service is asked with secrets: https, or http on loopback."""
Secret = Annotated[SecretStr, Kind.SECRET]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_items), Kind.SECRET]
