"""Durations and sizes are read exactly or refused, and shown shortly."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.cli.quantity import (
    format_bytes,
    format_duration,
    parse_bytes,
    parse_duration_s,
    parse_rate,
)

NUMBERS = st.decimals(Decimal("0.001"), Decimal(999999999), places=3)
DURATIONS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
SIZES = {"B": 1, "KB": 1000, "MB": 1000**2, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("5s", 5.0), ("1m", 60.0), ("0.25 s", 0.25), ("30d", 2592000.0)],
)
def test_duration_is_read(text: str, seconds: float) -> None:
    """A number and a unit are a duration."""
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("64MB", 64_000_000), ("64MiB", 67_108_864), ("2048", 2048), ("1.5KiB", 1536), ("1GB", 10**9)],
)
def test_size_is_read(text: str, size: int) -> None:
    """Powers of ten and of two are told apart."""
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "5", "s", "-1s", "0s", "0.0m", "1e3s", "5 parsecs", "\u0665s", "1s\n", "nan s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Anything else is refused with words, never guessed."""
    with pytest.raises(ValueError, match=r"write a number|longer than nothing"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    "text", ["", "MB", "-1MB", "0", "1.5B", "0.1", "64mb", "1e9", "64 M B", "\u0666\u0664MB"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    """Anything else is refused with words, never guessed."""
    with pytest.raises(ValueError, match=r"write a number|whole number"):
        parse_bytes(text)


@given(NUMBERS, st.sampled_from(sorted(DURATIONS)))
def test_duration_means_number_times_unit(number: Decimal, unit: str) -> None:
    """The value is the exact product, rounded once to a float."""
    assert parse_duration_s(f"{number}{unit}") == float(number * DURATIONS[unit])


@given(NUMBERS, st.sampled_from(sorted(SIZES)))
def test_size_is_the_exact_product_or_refused(number: Decimal, unit: str) -> None:
    """Half a byte is refused; everything whole is exact."""
    product = number * SIZES[unit]

    if product == int(product):
        assert parse_bytes(f"{number}{unit}") == product
    else:
        with pytest.raises(ValueError, match="whole number"):
            parse_bytes(f"{number}{unit}")


@given(st.text())
def test_parsers_give_a_positive_value_or_refuse(text: str) -> None:
    """No text makes a parser fail in another way, or give nothing and less."""
    for parse in (parse_duration_s, parse_bytes):
        with contextlib.suppress(ValueError):
            assert parse(text) > 0


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [(0.0000123, "12 µs"), (0.00421, "4.21 ms"), (5.0, "5 s"), (61.5, "61.5 s")],
)
def test_duration_is_shown_with_three_digits(duration_s: float, text: str) -> None:
    """People read three digits."""
    assert format_duration(duration_s) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(512, "512 B"), (3 * 1024 * 1024 + 1, "3 MiB"), (1536, "1.5 KiB"), (2**31, "2 GiB")],
)
def test_size_is_shown_with_three_digits(size: int, text: str) -> None:
    """People read three digits."""
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("text", "rate"), [("100/1m", (100, 60_000)), ("3/500ms", (3, 500)), ("10/1s", (10, 1000))]
)
def test_rate_is_read(text: str, rate: tuple[int, int]) -> None:
    """How many in what time."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "10", "/1s", "0/1s", "1.5/1s", "10/", "10/0s", "1/0.5ms", "1/1"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Anything else is refused with words."""
    with pytest.raises(ValueError, match=r"how many|whole milliseconds|a unit|longer than nothing"):
        parse_rate(text)
