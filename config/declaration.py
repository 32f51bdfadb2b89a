"""How a variable is declared: what a person has to know of it beside its type."""

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """Variables that belong together, in the order in which they are shown."""

    SERVER = "server"
    CONFIGURATION = "configuration"
    AUTHENTICATION = "authentication"
    RATE_LIMITING = "rate limiting"
    STORAGE = "storage"
    GOOGLE = "Google"
    MICROSOFT = "Microsoft"
    EMAIL = "e-mail"
    LOGGING = "logging"
    METERING = "metering"
    TOKENS = "tokens"
    LOGIC_FUNCTIONS = "logic functions"
    CALL_HISTORY = "call history"
    CONCURRENCY = "concurrency"
    WORKFLOW_LIMITS = "workflow limits"
    SANDBOX = "sandbox"
    WORKER = "worker"

    @property
    def heading(self) -> str:
        """The name as a heading."""
        return self.value[0].upper() + self.value[1:]


class Kind(StrEnum):
    """What a raw text is read as."""

    BOOL = "bool"
    INT = "int"
    DURATION = "duration"
    SIZE = "size"
    STRING = "string"
    ENUM = "enum"
    ARRAY = "array"
    URL = "url"
    SECRET = "secret"  # noqa: S105 - a word, not a password.


class Unit(StrEnum):
    """What a number counts."""

    MILLISECONDS = "ms"
    SECONDS = "s"
    MEBIBYTES = "MiB"


HAS_EMPTY_VALUE = frozenset({Kind.STRING, Kind.ARRAY})
"""Kinds of which an empty text is a value; for the others, one in the environment is as none."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds while the variable `name` has this value."""

    name: str
    value: str = "true"


@dataclass(frozen=True, slots=True)
class Declared:
    """What is said of a variable where it is declared, beside its type, default and bounds.

    `aliases` are accepted wherever `name` is, and count less where both are set in one place.
    `is_env_only` keeps it out of the database; with `needs_restart` a change is taken up by the
    next start. `required_if` lists conditions under any of which it must not be empty. One that
    `is_planned` is checked like the others, and no part of this release reads it.
    """

    name: str
    description: str
    aliases: tuple[str, ...] = ()
    is_env_only: bool = False
    needs_restart: bool = False
    is_planned: bool = False
    required_if: tuple[Condition, ...] = ()
