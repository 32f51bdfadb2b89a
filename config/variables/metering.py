"""Where measurements go."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from config.declaration import Declared, Group
from config.kinds import URL, Items, Whole, choices
from config.variables.group import VariableGroup


class MeterDriver(StrEnum):
    """What takes measurements."""

    OPENTELEMETRY = "OpenTelemetry"
    CONSOLE = "Console"


class MeteringVariables(VariableGroup):
    """Measurements beside those that `/metrics` offers."""

    group: ClassVar[Group] = Group.METERING

    meter_drivers: Annotated[
        Annotated[Items, AfterValidator(choices(MeterDriver))],
        Declared(
            "METER_DRIVER",
            "Where measurements are sent: OpenTelemetry, Console, both or none.",
            is_env_only=True,
            is_planned=True,
        ),
    ] = ()
    otlp_collector_endpoint_url: Annotated[
        URL | None,
        Declared(
            "OTLP_COLLECTOR_ENDPOINT_URL",
            "Address of the OpenTelemetry collector.",
            is_env_only=True,
            is_planned=True,
        ),
    ] = None
    function_metrics_limit: Annotated[
        Whole,
        Field(ge=0, le=10_000),
        Declared(
            "FUNCTION_METRICS_LIMIT",
            "Functions, the busiest ones, that have measurements of their own at `/metrics`, which "
            "tell their ids to whoever reaches it; the others are counted together, and 0 turns "
            "these off.",
            needs_restart=True,
        ),
    ] = 0
    health_window_minutes: Annotated[
        Whole,
        Field(ge=1, le=1440),
        Declared(
            "HEALTH_METRICS_TIME_WINDOW_IN_MINUTES",
            "Minutes over which the health of sync jobs is counted.",
            is_planned=True,
        ),
    ] = 5
