"""How the Local driver keeps its workers."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from config.declaration import Declared, Group, Kind
from config.kinds import Flag, Mebibytes, Milliseconds, Text, Whole, choice
from config.variables.group import VariableGroup


class WallChoice(StrEnum):
    """Whether a wall that nothing depends on is put up: where it can be had, or never."""

    AUTO = "auto"
    OFF = "off"


class SandboxVariables(VariableGroup):
    """Walls, spares and memory of the Local driver."""

    group: ClassVar[Group] = Group.SANDBOX

    sandbox_accept_missing: Annotated[
        Text,
        Field(pattern="^(landlock)?$"),
        Declared(
            "SANDBOX_ACCEPT_MISSING",
            "The one wall of the Local driver that may be waived: `landlock`. Every outcome "
            "then says so.",
            is_env_only=True,
        ),
    ] = ""
    sandbox_development: Annotated[
        Flag,
        Declared(
            "SANDBOX_DEVELOPMENT",
            "Run functions without isolation on systems that have no sandbox, such as macOS; "
            "refused on Linux. The server then listens on loopback alone.",
            is_env_only=True,
        ),
    ] = False
    sandbox_namespaces: Annotated[
        WallChoice,
        choice(WallChoice),
        Kind.ENUM,
        Declared(
            "SANDBOX_NAMESPACES",
            "Whether workers get an empty network and file system of their own where the machine "
            "allows it.",
            is_env_only=True,
        ),
    ] = WallChoice.AUTO
    sandbox_cgroup: Annotated[
        WallChoice,
        choice(WallChoice),
        Kind.ENUM,
        Declared(
            "SANDBOX_CGROUP",
            "Whether all workers share a control group with limits where a tree of version 2 is "
            "delegated.",
            is_env_only=True,
        ),
    ] = WallChoice.AUTO
    sandbox_cpus: Annotated[
        Whole,
        Field(ge=0, le=4096),
        Declared(
            "SANDBOX_CPUS",
            "Processors that all workers together may use, in such a control group; 0 is no bound.",
        ),
    ] = 0
    sandbox_python: Annotated[
        Text,
        Declared(
            "SANDBOX_PYTHON",
            "Path of the Python that guests run on; by default the one that the server runs on.",
            is_env_only=True,
        ),
    ] = ""
    sandbox_spares: Annotated[
        Whole,
        Field(ge=1, le=256),
        Declared("SANDBOX_SPARES", "Workers that the Local driver keeps ready in advance."),
    ] = 4
    sandbox_queue_limit: Annotated[
        Whole,
        Field(ge=0, le=100_000),
        Declared(
            "SANDBOX_QUEUE_LIMIT",
            "Calls that may wait for a worker at once; further ones are turned away as saturated.",
        ),
    ] = 64
    sandbox_queue_wait_ms: Annotated[
        Milliseconds,
        Field(ge=1, le=600_000),
        Declared("SANDBOX_QUEUE_WAIT_MS", "Milliseconds that a call waits for a worker at most."),
    ] = 5000
    sandbox_memory_budget_mb: Annotated[
        Mebibytes,
        Field(ge=64, le=2**24),
        Declared(
            "SANDBOX_MEMORY_BUDGET_MB", "MiB that all calls running at once may use together."
        ),
    ] = 1024
