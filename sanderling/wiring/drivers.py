"""Chooses the driver that the settings name."""

import sys
from typing import TYPE_CHECKING, assert_never

from config.errors import ConfigRejected, Problem
from config.variables import DriverType, Settings
from drivers.disabled import DisabledDriver
from drivers.local import DevelopmentDriver, ExtraWall, LocalDriver, LocalSettings
from drivers.port import Driver
from sanderling.kernel.units import MIB

if TYPE_CHECKING:
    from drivers.aws_lambda import LambdaSettings

SETTING = "SERVERLESS_TYPE"
DEVELOPMENT = "SANDBOX_DEVELOPMENT"


def build_driver(settings: Settings, *, process: str, platform: str = sys.platform) -> Driver:
    """Return the driver for `settings`, not yet started; `process` is what messages name.

    Raises:
        ConfigRejected: what the driver needs is not set, or a sandbox is to be left out where
            there is one.

    """
    match settings.driver_type:
        case DriverType.DISABLED:
            return DisabledDriver(setting=SETTING, process=process)
        case DriverType.LOCAL:
            return _local(settings, platform)
        case DriverType.LAMBDA:
            # Loaded here and nowhere else, so that no other server pays for it.
            from drivers.aws_lambda import LambdaDriver  # noqa: PLC0415 - as above.

            return LambdaDriver(lambda_settings(settings))
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


def lambda_settings(settings: Settings) -> "LambdaSettings":
    """Return what the Lambda driver is told, as values.

    Raises:
        ConfigRejected: region or role is not set, or one half of a key.

    """
    from drivers.aws_lambda import LambdaSettings  # noqa: PLC0415 - as above.

    needed = {
        "SERVERLESS_LAMBDA_REGION": settings.lambda_region,
        "SERVERLESS_LAMBDA_ROLE": settings.lambda_role,
    }
    missing = [
        Problem(name, f"it must be set while {SETTING} is LAMBDA")
        for name, value in needed.items()
        if not value
    ]
    secret = settings.lambda_secret_access_key
    if bool(settings.lambda_access_key_id) != bool(secret and secret.get_secret_value()):
        # A command that reads no database comes here with what no rule has looked at.
        halves = ("SERVERLESS_LAMBDA_ACCESS_KEY_ID", "SERVERLESS_LAMBDA_SECRET_ACCESS_KEY")
        given, other = halves if settings.lambda_access_key_id else halves[::-1]
        missing.append(Problem(other, f"it must be set together with {given}"))
    if missing:
        raise ConfigRejected(missing)
    return LambdaSettings(
        region=settings.lambda_region,
        role=settings.lambda_role,
        namespace=settings.lambda_namespace,
        subhosting_role=settings.lambda_subhosting_role,
        access_key_id=settings.lambda_access_key_id,
        secret_access_key=secret.get_secret_value() if secret else "",
        endpoint_url=settings.lambda_endpoint_url or "",
        concurrency=settings.lambda_concurrency,
        architecture=settings.lambda_architecture.value,
    )
