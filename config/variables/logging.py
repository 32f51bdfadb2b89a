"""What is logged, and how it looks."""

from enum import StrEnum
from typing import Annotated, ClassVar

from config.declaration import Declared, Group, Kind
from config.kinds import choice
from config.variables.group import VariableGroup


class LogFormat(StrEnum):
    """How log lines look; AUTO is pretty on a terminal and JSON elsewhere."""

    AUTO = "AUTO"
    JSON = "JSON"
    PRETTY = "PRETTY"


class LogLevel(StrEnum):
    """The least severe log lines that are written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LoggingVariables(VariableGroup):
    """Log lines on standard error."""

    group: ClassVar[Group] = Group.LOGGING

    log_level: Annotated[
        LogLevel,
        choice(LogLevel),
        Kind.ENUM,
        Declared("LOG_LEVEL", "The least severe log lines that are written."),
    ] = LogLevel.INFO
    log_format: Annotated[
        LogFormat,
        choice(LogFormat),
        Kind.ENUM,
        Declared(
            "LOG_FORMAT", "AUTO, JSON or PRETTY; AUTO is pretty on a terminal and JSON elsewhere."
        ),
    ] = LogFormat.AUTO
