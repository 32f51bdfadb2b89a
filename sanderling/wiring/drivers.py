"""Chooses the driver that the settings name."""

import sys
from typing import assert_never

from config.errors import ConfigRejected, Problem
from config.variables import DriverType, Settings
from drivers.disabled import DisabledDriver
from drivers.local import DevelopmentDriver, ExtraWall, LocalDriver, LocalSettings
from drivers.port import Driver
from sanderling.kernel.units import MIB

SETTING = "SERVERLESS_TYPE"
DEVELOPMENT = "SANDBOX_DEVELOPMENT"


def build_driver(settings: Settings, *, process: str, platform: str = sys.platform) -> Driver:
    """Return the driver for `settings`, not yet started; `process` is what messages name.

    Raises:
        ConfigRejected: the driver is not part of this release, or a sandbox is to be left out
            where there is one.

    """
    match settings.driver_type:
        case DriverType.DISABLED:
            return DisabledDriver(setting=SETTING, process=process)
        case DriverType.LOCAL:
            return _local(settings, platform)
        case DriverType.LAMBDA:
            reason = "the Lambda driver comes with a later release; choose LOCAL or DISABLED"
            raise ConfigRejected([Problem(SETTING, reason)])
        case _:
            assert_never(settings.driver_type)


def _local(settings: Settings, platform: str) -> Driver:
    if not settings.sandbox_development:
        return LocalDriver(local_settings(settings))
    if platform == "linux":
        reason = "Linux has the sandbox, and it is not left out there; remove the setting"
        raise ConfigRejected([Problem(DEVELOPMENT, reason)])
    return DevelopmentDriver(local_settings(settings))


def local_settings(settings: Settings) -> LocalSettings:
    """Return what the Local driver is told, as values."""
    waived = settings.sandbox_accept_missing
    return LocalSettings(
        spares=settings.sandbox_spares,
        queue_limit=settings.sandbox_queue_limit,
        queue_wait_s=settings.sandbox_queue_wait_ms / 1000,
        memory_budget_bytes=settings.sandbox_memory_budget_mb * MIB,
        accept_missing=frozenset({waived} if waived else ()),
        python=settings.sandbox_python or sys.executable,
        namespaces=ExtraWall(settings.sandbox_namespaces.value),
        cgroup=ExtraWall(settings.sandbox_cgroup.value),
        cpus=settings.sandbox_cpus,
    )
