"""Column types that behave the same on both databases."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, LargeBinary, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

_MOMENT_CHARS = len("2026-01-01 00:00:00.000000")


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

BODY = LargeBinary()
"""Bytes as they came; PostgreSQL text could not hold every string that JSON can."""


def is_storable(text: str) -> bool:
    """Claim that a text column can be compared with `text`.

    PostgreSQL refuses NUL, and no encoding has lone surrogates.
    """
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def storable(text: str) -> str:
    """Return `text` for people to read, with what no text column can hold marked as such."""
    if is_storable(text):
        return text
    return "".join(char if is_storable(char) else "\ufffd" for char in text)
