"""Addresses: urllib.parse, ipaddress, and e-mail addresses in email.utils."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module

from drivers.guest.language.catalogue import open_facade
from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import facade_of
from drivers.guest.language.tables import allow

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any

_PARSE = (
    "DefragResult ParseResult SplitResult parse_qs parse_qsl quote quote_from_bytes quote_plus "
    "unquote unquote_plus unquote_to_bytes urldefrag urlencode urljoin urlparse urlsplit "
    "urlunparse urlunsplit"
)
_PARTS = (
    "count fragment geturl hostname index netloc params password path port query scheme url "
    "username"
)
_ADDRESS = (
    "compressed exploded ipv4_mapped ipv6_mapped is_global is_link_local is_loopback "
    "is_multicast is_private is_reserved is_site_local is_unspecified max_prefixlen "
    "packed reverse_pointer scope_id sixtofour teredo version"
)
_NETWORK = (
    f"{_ADDRESS} address_exclude broadcast_address compare_networks hostmask hosts netmask "
    "network_address num_addresses overlaps prefixlen subnet_of subnets supernet supernet_of "
    "with_hostmask with_netmask with_prefixlen"
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_DAYS = "MonTueWedThuFriSatSun"
_SPECIALS = '()<>@,:;".[]\\'


def _urllib() -> Facade:
    return Facade("urllib", {"parse": open_facade("urllib.parse")})


def _parse() -> Facade:
    from urllib import parse  # noqa: PLC0415 - loaded only where its facade is wanted

    for kind in (
        parse.DefragResult,
        parse.DefragResultBytes,
        parse.ParseResult,
        parse.ParseResultBytes,
        parse.SplitResult,
        parse.SplitResultBytes,
    ):
        allow(kind, _PARTS)
    return facade_of(parse, _PARSE)


def _ipaddress() -> Facade:
    import ipaddress  # noqa: PLC0415 - loaded only where its facade is wanted

    for address in (ipaddress.IPv4Address, ipaddress.IPv6Address):
        allow(address, _ADDRESS)
    for network in (ipaddress.IPv4Network, ipaddress.IPv6Network):
        allow(network, _NETWORK)
    for interface in (ipaddress.IPv4Interface, ipaddress.IPv6Interface):
        allow(
            interface,
            f"{_ADDRESS} hostmask ip netmask network with_hostmask with_netmask with_prefixlen",
        )
    return facade_of(
        ipaddress,
        "AddressValueError IPV4LENGTH IPV6LENGTH IPv4Address IPv4Interface IPv4Network "
        "IPv6Address IPv6Interface IPv6Network NetmaskValueError collapse_addresses "
        "get_mixed_type_key ip_address ip_interface ip_network summarize_address_range",
    )


def _email() -> Facade:
    return Facade("email", {"utils": open_facade("email.utils")})


def _email_utils() -> Facade:
    """Build it on the parser alone: the real module loads sockets and character sets."""
    parser: Any = import_module("email._parseaddr")

    def parseaddr(addr: str) -> tuple[str, str]:
        found = _addresses(addr)
        return found[0] if len(found) == 1 else ("", "")

    def getaddresses(fieldvalues: Iterable[str]) -> list[tuple[str, str]]:
        return [pair for value in fieldvalues for pair in _addresses(value)]

    def _addresses(value: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = parser.AddressList(str(value)).addresslist
        return [pair for pair in found if pair[1] and "[" not in pair[1]] or [("", "")]

    def parsedate_to_datetime(data: str) -> datetime:
        parts = parser.parsedate_tz(data)
        if parts is None:
            raise ValueError(f"Invalid date value or format {data[:100]!r}")
        offset = parts[9]
        zone = None if offset is None else timezone(timedelta(seconds=offset))
        year, month, day, hour, minute, second = parts[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)

    names: dict[str, object] = {
        "format_datetime": _format_datetime,
        "formataddr": _formataddr,
        "formatdate": _formatdate,
        "getaddresses": getaddresses,
        "mktime_tz": parser.mktime_tz,
        "parseaddr": parseaddr,
        "parsedate": parser.parsedate,
        "parsedate_to_datetime": parsedate_to_datetime,
        "parsedate_tz": parser.parsedate_tz,
        "quote": parser.quote,
        "unquote": _unquote,
    }
    return Facade("email.utils", names)


def _formataddr(pair: tuple[str, str]) -> str:
    name, address = pair
    address.encode("ascii")
    if not name:
        return address
    if not name.isascii():
        from binascii import b2a_base64  # noqa: PLC0415 - always loaded

        word = b2a_base64(name.encode(), newline=False).decode()
        return f"=?utf-8?b?{word}?= <{address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    quotes = '"' if any(mark in _SPECIALS for mark in name) else ""
    return f"{quotes}{escaped}{quotes} <{address}>"


def _plain_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"the text must be a string, not {type(value).__name__!r}")
    return str.__str__(value)


def _unquote(str: str) -> str:  # noqa: A002 - the name that the real one has
    text = _plain_text(str)
    if text[:1] == text[-1:] == '"' and len(text) > 1:
        return text[1:-1].replace("\\\\", "\\").replace('\\"', '"')
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def _formatdate(
    timeval: float | None = None,
    localtime: bool = False,  # noqa: FBT001, FBT002 - as the real one has it; here is UTC
    usegmt: bool = False,  # noqa: FBT001, FBT002 - as the real one has it
) -> str:
    moment = datetime.now(UTC) if timeval is None else datetime.fromtimestamp(timeval, UTC)
    text = _format_datetime(moment, usegmt=usegmt)
    return text if usegmt or localtime else text.replace("+0000", "-0000")


def _format_datetime(dt: datetime, *, usegmt: bool = False) -> str:
    if usegmt and dt.tzinfo is not UTC:
        raise ValueError("usegmt option requires a UTC datetime")
    zone = "GMT" if usegmt else dt.strftime("%z") or "-0000"
    weekday = _DAYS[dt.weekday() * 3 :][:3]
    month = _MONTHS[(dt.month - 1) * 3 :][:3]
    date = f"{weekday}, {dt.day:02d} {month} {dt.year:04d}"
    return f"{date} {dt.hour:02d}:{dt.minute:02d}:{dt.second:02d} {zone}"


BUILDERS = {
    "email": _email,
    "email.utils": _email_utils,
    "ipaddress": _ipaddress,
    "urllib": _urllib,
    "urllib.parse": _parse,
}
