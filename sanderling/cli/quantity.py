"""Durations, sizes and rates as people write them: `500ms`, `5s`; `64MB`, `64MiB`; `100/1m`."""

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_SECONDS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
_BYTES = {
    "": 1,
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}


def parse_duration_s(text: str) -> float:
    """Return the seconds that `text` stands for; the unit is always written.

    Raises:
        ValueError: it is not a duration above zero; the message says what is.

    """
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in _SECONDS:
        raise ValueError("write a number and a unit: 500ms, 5s, 1m, 2h or 30d")
    duration_s = Decimal(match[1]) * _SECONDS[match[2]]
    if not duration_s:
        raise ValueError("it must be longer than nothing")
    return float(duration_s)


def parse_bytes(text: str) -> int:
    """Return the bytes that `text` stands for: `64MB` is 64,000,000 and `64MiB` is 67,108,864.

    Raises:
        ValueError: it is not a whole number of bytes above zero; the message says what is.

    """
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in _BYTES:
        raise ValueError("write a number and a unit: 500KB, 64MB, 64MiB or 1GiB")
    size = Decimal(match[1]) * _BYTES[match[2]]
    if not size or size != size.to_integral_value():
        raise ValueError("it must be a whole number of bytes, at least one")
    return int(size)


def parse_rate(text: str) -> tuple[int, int]:
    """Return how many, and in how many milliseconds, `text` means: `100/1m` is 100 in 60,000.

    Raises:
        ValueError: it is not a rate; the message says what is.

    """
    count, slash, window = text.partition("/")
    if not slash or not _COUNT.fullmatch(count):
        raise ValueError("write how many in what time: 10/1s or 100/1m")
    ttl_ms = parse_duration_s(window) * 1000
    if ttl_ms != int(ttl_ms):
        raise ValueError("the time must be whole milliseconds")
    return int(count), int(ttl_ms)


def format_duration(duration_s: float) -> str:
    """Return a duration for people, with three significant digits: `4.21 ms`."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if duration_s >= size:
            return f"{duration_s / size:.3g} {unit}"
    return f"{duration_s * 1e6:.0f} µs"


def format_bytes(size: int) -> str:
    """Return a size for people, with three significant digits: `3.25 MiB`."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1000:  # noqa: PLR2004 - three digits before the next unit.
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} GiB"
