"""Which driver runs functions, and how often."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Condition, Declared, Group, Kind
from config.kinds import Flag, Secret, ServiceURL, Text, Whole, choice
from config.variables.group import VariableGroup
from config.variables.rate_bounds import Limit, Window


class DriverType(StrEnum):
    """Which driver runs functions."""

    DISABLED = "DISABLED"
    LOCAL = "LOCAL"
    LAMBDA = "LAMBDA"


class LambdaArchitecture(StrEnum):
    """Processors that functions run on at AWS."""

    ARM64 = "arm64"
    X86_64 = "x86_64"


_LAMBDA = (Condition("SERVERLESS_TYPE", DriverType.LAMBDA),)


class LogicFunctionVariables(VariableGroup):
    """The driver, its credentials and the limits on executions."""

    group: ClassVar[Group] = Group.LOGIC_FUNCTIONS

    driver_type: Annotated[
        DriverType,
        choice(DriverType),
        Kind.ENUM,
        Declared(
            "SERVERLESS_TYPE",
            "Which driver runs functions: DISABLED, LOCAL or LAMBDA.",
            aliases=("LOGIC_FUNCTION_TYPE",),
        ),
    ] = DriverType.LOCAL
    is_function_logging_enabled: Annotated[
        Flag,
        Declared(
            "SERVERLESS_LOGS_ENABLED",
            "Whether what functions print is kept with their calls.",
            aliases=("LOGIC_FUNCTION_LOGS_ENABLED",),
        ),
    ] = True
    function_throttle_limit: Annotated[
        Limit,
        Declared(
            "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT",
            "Executions a workspace may start, in all and of each function, within the "
            "throttle TTL.",
            aliases=("LOGIC_FUNCTION_EXEC_THROTTLE_LIMIT",),
        ),
    ] = 1000
    function_throttle_ttl_ms: Annotated[
        Window,
        Declared(
            "SERVERLESS_FUNCTION_EXEC_THROTTLE_TTL",
            "Milliseconds over which the execution limit is refilled.",
            aliases=("LOGIC_FUNCTION_EXEC_THROTTLE_TTL",),
        ),
    ] = 60_000
    lambda_region: Annotated[
        Text,
        Declared(
            "SERVERLESS_LAMBDA_REGION",
            "AWS region of the functions.",
            aliases=("LOGIC_FUNCTION_LAMBDA_REGION",),
            required_if=_LAMBDA,
        ),
    ] = ""
    lambda_role: Annotated[
        Text,
        Declared(
            "SERVERLESS_LAMBDA_ROLE",
            "ARN of the role that functions run under.",
            aliases=("LOGIC_FUNCTION_LAMBDA_ROLE",),
            required_if=_LAMBDA,
        ),
    ] = ""
    lambda_subhosting_role: Annotated[
        Text,
        Declared(
            "SERVERLESS_LAMBDA_SUBHOSTING_ROLE",
            "ARN of a role to take on before talking to Lambda.",
            aliases=("LOGIC_FUNCTION_LAMBDA_SUBHOSTING_ROLE",),
        ),
    ] = ""
    lambda_access_key_id: Annotated[
        Text,
        Declared(
            "SERVERLESS_LAMBDA_ACCESS_KEY_ID",
            "Key id at AWS; without it the usual AWS chain decides who we are.",
            aliases=("LOGIC_FUNCTION_LAMBDA_ACCESS_KEY_ID",),
        ),
    ] = ""
    lambda_secret_access_key: Annotated[
        Secret | None,
        Declared(
            "SERVERLESS_LAMBDA_SECRET_ACCESS_KEY",
            "Secret of the key id at AWS.",
            aliases=("LOGIC_FUNCTION_LAMBDA_SECRET_ACCESS_KEY",),
        ),
    ] = None
    lambda_endpoint_url: Annotated[
        ServiceURL | None,
        Declared(
            "SERVERLESS_LAMBDA_ENDPOINT_URL",
            "Where to find Lambda and STS instead of at AWS, for example an emulator; http is for "
            "addresses of this machine alone.",
            aliases=("LOGIC_FUNCTION_LAMBDA_ENDPOINT_URL",),
        ),
    ] = None
    lambda_namespace: Annotated[
        Text,
        Field(pattern="^[a-z][a-z0-9-]{0,19}$"),
        Declared(
            "SERVERLESS_LAMBDA_NAMESPACE",
            "What the names of our functions at AWS begin with; another one for each instance that "
            "shares an account and region.",
            aliases=("LOGIC_FUNCTION_LAMBDA_NAMESPACE",),
        ),
    ] = "sanderling"
    lambda_architecture: Annotated[
        LambdaArchitecture,
        choice(LambdaArchitecture),
        Kind.ENUM,
        Declared(
            "SERVERLESS_LAMBDA_ARCHITECTURE",
            "Processors that functions run on at AWS: arm64 costs a fifth less than x86_64.",
            aliases=("LOGIC_FUNCTION_LAMBDA_ARCHITECTURE",),
        ),
    ] = LambdaArchitecture.ARM64
    lambda_concurrency: Annotated[
        Whole,
        Field(ge=1, le=1000),
        Declared(
            "SERVERLESS_LAMBDA_CONCURRENCY",
            "Calls that each process has under way at AWS at most; further ones wait their turn.",
            aliases=("LOGIC_FUNCTION_LAMBDA_CONCURRENCY",),
        ),
    ] = 64
    is_outbound_http_safe: Annotated[
        Flag,
        Declared(
            "OUTBOUND_HTTP_SAFE_MODE_ENABLED",
            "Whether requests of functions to private addresses are refused.",
            aliases=("HTTP_TOOL_SAFE_MODE_ENABLED",),
            is_planned=True,
        ),
    ] = True
