"""Column types that behave the same on both databases."""

import re
from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, LargeBinary, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

_MOMENT_CHARS = len("2026-01-01 00:00:00.000000")
_UNFIT = re.compile("[\0\ud800-\udfff]")
_MARKED = re.compile(r"[\0\\\ud800-\udfff]")
_MARK = re.compile(r"\\u([0-9a-f]{4})")


class Moment(TypeDecorator[datetime]):
    """Keep an aware moment to the microsecond and give it back in UTC.

    PostgreSQL has a type for it. SQLite keeps `2026-01-01 00:00:00.000000`, always in UTC and
    always this long, so that text sorts as time does.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """Choose the native type, or text on SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())  # type: ignore[arg-type] # pyright: ignore[reportReturnType] - SQLite keeps text, and the two methods below translate it.
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Return what the driver takes."""
        if value is None or dialect.name != "sqlite":
            return value
        return moment_text(value)

    def process_result_value(
        self,
        value: object,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's.
    ) -> datetime | None:
        """Return an aware moment in UTC."""
        match value:
            case str():
                return datetime.fromisoformat(value).replace(tzinfo=UTC)
            case datetime():
                return value.astimezone(UTC)
            case _:
                return None


def moment_text(value: datetime) -> str:
    """Return the text under which SQLite keeps `value`."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:_MOMENT_CHARS]


WORD = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared byte by byte on both, so that a page ends in the same place."""


class Exact(TypeDecorator[str]):
    r"""Keep any text that Python can hold and give it back to the character.

    Ids and cursors are others' words: one that a text column could not hold would stop its stream
    for good. What it cannot hold is kept as `\u0000`, and so is the backslash. Texts are the same
    if, and only if, their kept forms are, so that they can be keys and be compared.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """Choose text that is compared byte by byte."""
        return dialect.type_descriptor(WORD.dialect_impl(dialect))

    def process_bind_param(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's.
    ) -> str | None:
        """Return what every text column holds."""
        # Most ids are plain, and to see that takes no search.
        if value is None or (value.isascii() and "\\" not in value and "\0" not in value):
            return value
        return _MARKED.sub(_marked, value)

    def process_result_value(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002 - as above.
    ) -> str | None:
        """Return the text as it came."""
        if value is None or "\\" not in value:
            return value
        return _MARK.sub(lambda mark: chr(int(mark[1], 16)), value)


def _marked(unfit: re.Match[str]) -> str:
    return f"\\u{ord(unfit[0]):04x}"


EXACT = Exact()
"""Text of others, whatever is in it."""

BODY = LargeBinary()
"""Bytes as they came; PostgreSQL text could not hold every string that JSON can."""


def is_storable(text: str) -> bool:
    """Claim that a text column can be compared with `text`.

    PostgreSQL refuses NUL, and no encoding has lone surrogates.
    """
    return _UNFIT.search(text) is None


def storable(text: str) -> str:
    """Return `text` for people to read, with what no text column can hold marked as such."""
    return _UNFIT.sub("\ufffd", text)
