"""The declared variables: name, aliases, type, default, group and what each one does.

Names and numbers are those of the system our users know; `LOGIC_FUNCTION_*` is accepted wherever
`SERVERLESS_*` is.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DriverType(StrEnum):
    """Which driver runs functions."""

    DISABLED = "DISABLED"
    LOCAL = "LOCAL"
    LAMBDA = "LAMBDA"


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


def _serverless(name: str) -> AliasChoices:
    return AliasChoices(f"SERVERLESS_{name}", f"LOGIC_FUNCTION_{name.removeprefix('FUNCTION_')}")


class Settings(BaseSettings):
    """Every variable that this process reads, validated as a whole."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, case_sensitive=True
    )

    # server
    home: Annotated[
        Path,
        Field(
            validation_alias="SANDERLING_HOME",
            description="Folder for the embedded database and local files.",
            json_schema_extra={"group": "server"},
        ),
    ] = Path("~/.local/share/sanderling")
    database_url: Annotated[
        SecretStr | None,
        Field(
            validation_alias=AliasChoices("DATABASE_URL", "PG_DATABASE_URL"),
            description=(
                "`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`; by default a SQLite "
                "file in SANDERLING_HOME."
            ),
            json_schema_extra={"group": "server", "sensitive": True},
        ),
    ] = None
    app_secret: Annotated[
        SecretStr | None,
        Field(
            min_length=32,
            validation_alias="APP_SECRET",
            description=(
                "The secret from which all keys of this instance are derived; `sanderling init` "
                "writes one. At least 32 characters."
            ),
            json_schema_extra={"group": "server", "sensitive": True},
        ),
    ] = None
    node_port: Annotated[
        int,
        Field(
            ge=0,
            le=65535,
            validation_alias="NODE_PORT",
            description="Port that `sanderling serve` listens on; 0 takes a free one.",
            json_schema_extra={"group": "server"},
        ),
    ] = 3000

    # logic functions
    driver_type: Annotated[
        DriverType,
        Field(
            validation_alias=_serverless("TYPE"),
            description="Which driver runs functions: DISABLED, LOCAL or LAMBDA.",
            json_schema_extra={"group": "logic functions"},
        ),
    ] = DriverType.LOCAL
    function_throttle_limit: Annotated[
        PositiveInt,
        Field(
            validation_alias=_serverless("FUNCTION_EXEC_THROTTLE_LIMIT"),
            description=(
                "Executions a workspace may start, in all and of each function, within the "
                "throttle TTL."
            ),
            json_schema_extra={"group": "logic functions"},
        ),
    ] = 1000
    function_throttle_ttl_ms: Annotated[
        PositiveInt,
        Field(
            validation_alias=_serverless("FUNCTION_EXEC_THROTTLE_TTL"),
            description="Milliseconds over which the execution limit is refilled.",
            json_schema_extra={"group": "logic functions"},
        ),
    ] = 60_000

    # sandbox
    sandbox_accept_missing: Annotated[
        str,
        Field(
            pattern="^(landlock)?$",
            validation_alias="SANDBOX_ACCEPT_MISSING",
            description=(
                "The one wall of the Local driver that may be waived: `landlock`. Every outcome "
                "then says so."
            ),
            json_schema_extra={"group": "sandbox"},
        ),
    ] = ""
    sandbox_development: Annotated[
        bool,
        Field(
            validation_alias="SANDBOX_DEVELOPMENT",
            description=(
                "Run functions without isolation on systems that have no sandbox, such as macOS; "
                "refused on Linux. The server then listens on loopback alone."
            ),
            json_schema_extra={"group": "sandbox"},
        ),
    ] = False
    sandbox_spares: Annotated[
        int,
        Field(
            ge=1,
            le=256,
            validation_alias="SANDBOX_SPARES",
            description="Workers that the Local driver keeps ready in advance.",
            json_schema_extra={"group": "sandbox"},
        ),
    ] = 4
    sandbox_memory_budget_mb: Annotated[
        int,
        Field(
            ge=64,
            validation_alias="SANDBOX_MEMORY_BUDGET_MB",
            description="MiB that all calls running at once may use together.",
            json_schema_extra={"group": "sandbox"},
        ),
    ] = 1024

    # rate limiting
    api_short_limit: Annotated[
        PositiveInt,
        Field(
            validation_alias="API_RATE_LIMITING_SHORT_LIMIT",
            description="API requests a workspace may make within the short TTL.",
            json_schema_extra={"group": "rate limiting"},
        ),
    ] = 100
    api_short_ttl_ms: Annotated[
        PositiveInt,
        Field(
            validation_alias="API_RATE_LIMITING_SHORT_TTL_IN_MS",
            description="Milliseconds over which the short limit is refilled.",
            json_schema_extra={"group": "rate limiting"},
        ),
    ] = 1000
    api_long_limit: Annotated[
        PositiveInt,
        Field(
            validation_alias="API_RATE_LIMITING_LONG_LIMIT",
            description="API requests a workspace may make within the long TTL.",
            json_schema_extra={"group": "rate limiting"},
        ),
    ] = 100
    api_long_ttl_ms: Annotated[
        PositiveInt,
        Field(
            validation_alias="API_RATE_LIMITING_LONG_TTL_IN_MS",
            description="Milliseconds over which the long limit is refilled.",
            json_schema_extra={"group": "rate limiting"},
        ),
    ] = 60_000

    # logging
    log_level: Annotated[
        LogLevel,
        Field(
            validation_alias="LOG_LEVEL",
            description="The least severe log lines that are written.",
            json_schema_extra={"group": "logging"},
        ),
    ] = LogLevel.INFO
    log_format: Annotated[
        LogFormat,
        Field(
            validation_alias="LOG_FORMAT",
            description="AUTO, JSON or PRETTY; AUTO is pretty on a terminal and JSON elsewhere.",
            json_schema_extra={"group": "logging"},
        ),
    ] = LogFormat.AUTO
