"""Looks at everything an instance stands on, for `sanderling doctor`; it changes nothing."""

import os
import platform
import shutil
import stat
import sys
from dataclasses import dataclass

from config.snapshot import Snapshot, Source
from config.variables import DriverType, Settings
from drivers.local import (
    LayerReport,
    LayerState,
    LocalDriver,
    SandboxReport,
    examine,
    measure,
    probe,
)
from drivers.port import (
    Artifact,
    ArtifactKey,
    Driver,
    Health,
    HealthState,
    Invocation,
    OutcomeKind,
)
from runner.function import Definition
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.errors import Failure
from sanderling.kernel.findings import Finding, Standing
from sanderling.kernel.ids import SortableIds
from sanderling.kernel.units import MIB
from sanderling.store import health, open_database
from sanderling.wiring.drivers import build_driver, local_settings
from sanderling.wiring.home import DATABASE, database_limits, database_url
from sanderling.wiring.job_check import check_jobs
from sanderling.wiring.stored_settings import with_stored

_SUPPORTED = ((3, 11), (3, 15))
_ECHO = "def handler(event, context):\n    return event\n"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_AMPLE_BYTES = 256 * MIB


@dataclass(frozen=True, slots=True)
class CheckUp:
    """Everything that was looked at, with the settings that a process would start with now.

    `layers` are the walls of the Local driver, where it runs.
    """

    findings: tuple[Finding, ...]
    snapshot: Snapshot
    layers: tuple[LayerReport, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Claim that nothing failed."""
        return all(finding.standing is not Standing.FAILED for finding in self.findings)


async def check_up(snapshot: Snapshot, *, process: str) -> CheckUp:
    """Return what was found, worst things included; nothing is made or mended."""
    findings = [_python(), _home(snapshot.settings), *_space(snapshot.settings)]
    findings += [_app_secret(snapshot), *await _database(snapshot.settings)]
    snapshot, stored = await with_stored(snapshot)
    findings += [stored, *await check_jobs(snapshot.settings)]
    settings = snapshot.settings
    layers: tuple[LayerReport, ...] = ()
    if settings.driver_type is DriverType.LOCAL:
        findings += await examine(local_settings(settings))
        report = await probe(local_settings(settings))
        layers = (*report.layers, *report.extras)
        findings += _sandbox(report)
    findings += await _driver(settings, process=process)
    return CheckUp(tuple(findings), snapshot, layers)


def _python() -> Finding:
    version = platform.python_version()
    first, beyond = _SUPPORTED
    if first <= sys.version_info[:2] < beyond:
        return Finding(
            "machine", "python", Standing.OK, f"{version} on {platform.machine()}", value=version
        )
    return Finding(
        "machine",
        "python",
        Standing.FAILED,
        version,
        "Use Python 3.11, 3.12, 3.13 or 3.14.",
        version,
    )


def _home(settings: Settings) -> Finding:
    home = settings.home
    if not home.is_dir():
        # Nothing is broken before the first step was taken.
        advice = "Run `sanderling init`."
        return Finding("home", "folder", Standing.WARNING, f"{home} is not there", advice)
    if stat.S_IMODE(home.stat().st_mode) & _OTHERS:
        advice = f"Run `chmod 700 {home}`."
        return Finding("home", "folder", Standing.WARNING, f"{home} is open to others", advice)
    if not os.access(home, os.W_OK | os.X_OK):
        advice = "Let this user write to it."
        return Finding("home", "folder", Standing.FAILED, f"{home} cannot be written to", advice)
    return Finding("home", "folder", Standing.OK, f"{home}, for its owner alone")


def _space(settings: Settings) -> list[Finding]:
    if not settings.home.is_dir():
        return []
    return [check_space(shutil.disk_usage(settings.home).free)]


def check_space(free_bytes: int) -> Finding:
    """Return what so much room on the home's disk means: little is a warning, none a failure."""
    detail = f"{free_bytes // MIB} MiB are free"
    if free_bytes >= _AMPLE_BYTES:
        return Finding("home", "space", Standing.OK, detail, value=free_bytes)
    standing = Standing.WARNING if free_bytes >= MIB else Standing.FAILED
    return Finding(
        "home", "space", standing, detail, "Make room on the disk of the home.", free_bytes
    )


def _app_secret(snapshot: Snapshot) -> Finding:
    source = snapshot.sources.get("APP_SECRET", Source.DEFAULT)
    if snapshot.settings.app_secret is None:
        advice = "Run `sanderling init`, or set APP_SECRET."
        return Finding("home", "APP_SECRET", Standing.WARNING, "not set", advice)
    return Finding("home", "APP_SECRET", Standing.OK, f"set in the {source}")


async def _database(settings: Settings) -> list[Finding]:
    if settings.database_url is None and not (settings.home / DATABASE).is_file():
        # Opening it would make it, and a doctor makes nothing.
        advice = "Run `sanderling init`."
        return [Finding("database", "store", Standing.WARNING, "there is none yet", advice)]
    kind = "a SQLite file in the home" if settings.database_url is None else "by DATABASE_URL"
    try:
        async with open_database(database_url(settings), database_limits(settings)) as database:
            condition = await health(database)
            return [_of_health("database", "store", condition, fine=kind)]
    except Failure as failure:
        return [Finding("database", "store", Standing.FAILED, failure.detail, failure.advice)]


def _sandbox(report: SandboxReport) -> list[Finding]:
    standings = {
        LayerState.PROVEN: Standing.OK,
        LayerState.WAIVED: Standing.WARNING,
        LayerState.UNAVAILABLE: Standing.INFO,
    }
    findings = [
        Finding(
            "sandbox",
            layer.name,
            standings.get(layer.state, Standing.FAILED),
            # Of what is not available the reason says so itself.
            layer.how if layer.state is LayerState.UNAVAILABLE else f"{layer.state}: {layer.how}",
            value=layer.state.value,
        )
        for layer in (*report.layers, *report.extras)
    ]
    if not report.required_ok:
        reason = report.problem or "a required layer is not proven"
        findings.append(Finding("sandbox", "required", Standing.FAILED, reason))
    return findings


async def _driver(settings: Settings, *, process: str) -> list[Finding]:
    try:
        driver = build_driver(settings, process=process)
        async with driver:
            condition = await driver.health()
            started = _of_health("driver", "health", condition, fine=f"{driver.name} is ready")
            found = [started, await trial_call(driver)]
            if isinstance(driver, LocalDriver):
                found += await measure(driver, local_settings(settings))
            return found
    except Failure as failure:
        return [Finding("driver", "start", Standing.FAILED, failure.detail, failure.advice)]


async def trial_call(driver: Driver) -> Finding:
    """Have `driver` run a small function, of which nothing is left behind."""
    ids = SortableIds(SystemClock())
    definition = Definition(_ECHO)
    key = ArtifactKey(ids.workspace(), ids.function(), definition.digest)
    # As a draft, since that is tried without being made where a driver can.
    artifact = Artifact(
        key, definition.source, definition.limits, definition.isolation, is_draft=True
    )
    deployment = await driver.deploy(artifact)
    if deployment.kind is not OutcomeKind.OK:
        detail = f"{deployment.kind}: {deployment.detail}"
        return Finding("driver", "call", Standing.FAILED, detail, value=deployment.kind.value)
    try:
        outcome = await driver.invoke(Invocation(ids.call(), key, b"1"))
    finally:
        await driver.delete(key)
    if outcome.kind is OutcomeKind.OK:
        detail = f"a function ran in {outcome.duration_s * 1000:.1f} ms"
        return Finding("driver", "call", Standing.OK, detail, value=outcome.kind.value)
    if outcome.kind is OutcomeKind.DISABLED:
        return Finding("driver", "call", Standing.WARNING, outcome.detail, value=outcome.kind.value)
    detail = f"{outcome.kind}: {outcome.detail}"
    return Finding("driver", "call", Standing.FAILED, detail, value=outcome.kind.value)


def _of_health(topic: str, name: str, condition: Health, *, fine: str) -> Finding:
    standings = {HealthState.OK: Standing.OK, HealthState.DEGRADED: Standing.WARNING}
    standing = standings.get(condition.state, Standing.FAILED)
    return Finding(
        topic, name, standing, " ".join(condition.reasons) or fine, value=condition.state.value
    )
