"""Formats of data: json, base64, struct, zlib."""

from __future__ import annotations

import json
from collections.abc import Callable

from drivers.guest.language.attributes import read_named
from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import exact, facade_of
from drivers.guest.language.tables import allow

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any

MAX_INFLATED_BYTES = 16 * 1024 * 1024
_BASE64 = (
    "a85decode a85encode b16decode b16encode b32decode b32encode b32hexdecode b32hexencode "
    "b64decode b64encode b85decode b85encode decodebytes encodebytes standard_b64decode "
    "standard_b64encode urlsafe_b64decode urlsafe_b64encode"
)
_ZLIB = (
    "DEFLATED MAX_WBITS Z_BEST_COMPRESSION Z_BEST_SPEED Z_DEFAULT_COMPRESSION Z_NO_COMPRESSION "
    "adler32 compress crc32 error"
)
_Number = Callable[[str], object]


def _loads(
    s: str | bytes, *, parse_float: _Number | None = None, parse_int: _Number | None = None
) -> object:
    return json.loads(s, parse_float=parse_float, parse_int=parse_int)


def _dumps(  # noqa: PLR0913 - the signature of json.dumps
    obj: object,
    *,
    indent: int | str | None = None,
    sort_keys: bool = False,
    ensure_ascii: bool = True,
    allow_nan: bool = True,
    separators: tuple[str, str] | None = None,
    default: Callable[[object], object] | None = None,
) -> str:
    return json.dumps(
        obj,
        indent=indent,
        sort_keys=sort_keys,
        ensure_ascii=ensure_ascii,
        allow_nan=allow_nan,
        separators=separators,
        default=default,
    )


def _load(
    fp: object, *, parse_float: _Number | None = None, parse_int: _Number | None = None
) -> object:
    read: Any = read_named(fp, "read")
    return _loads(read(), parse_float=parse_float, parse_int=parse_int)


def _dump(obj: object, fp: object, **settings: Any) -> None:
    write: Any = read_named(fp, "write")
    write(_dumps(obj, **settings))


def _json() -> Facade:
    allow(json.JSONDecodeError, "colno doc lineno msg pos")
    names = {"dump": _dump, "dumps": _dumps, "load": _load, "loads": _loads}
    return Facade("json", {"JSONDecodeError": json.JSONDecodeError, **names})


def _base64() -> Facade:
    import base64  # noqa: PLC0415 - loaded only where its facade is wanted
    import binascii  # noqa: PLC0415 - as above

    return facade_of(base64, _BASE64, Error=binascii.Error)


def _struct() -> Facade:
    import struct  # noqa: PLC0415 - loaded only where its facade is wanted

    def plain(function: Callable[..., object]) -> Callable[..., object]:
        # The module keeps each layout it is given, beyond the call that gave it.
        def call(layout: str | bytes, /, *args: object, **kwargs: object) -> object:
            return function(exact(layout), *args, **kwargs)

        return call

    names = "calcsize iter_unpack pack unpack unpack_from"
    functions = {name: plain(getattr(struct, name)) for name in names.split()}
    return Facade("struct", {**functions, "error": struct.error})


def _zlib() -> Facade:
    import zlib  # noqa: PLC0415 - loaded only where its facade is wanted

    def decompress(data: bytes, /, wbits: int = zlib.MAX_WBITS) -> bytes:
        """Inflate up to a bound: a kilobyte can hold a megabyte of zeros."""
        stream = zlib.decompressobj(wbits)
        inflated = stream.decompress(data, MAX_INFLATED_BYTES)
        if stream.unconsumed_tail:
            raise ValueError(f"the data inflates to more than {MAX_INFLATED_BYTES} bytes")
        if not stream.eof:
            raise zlib.error("incomplete or truncated stream")
        return inflated

    return facade_of(zlib, _ZLIB, decompress=decompress)


BUILDERS = {"base64": _base64, "json": _json, "struct": _struct, "zlib": _zlib}
