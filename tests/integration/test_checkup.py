"""The doctor names what is missing, makes nothing, and shows no secret."""

from pathlib import Path

import pytest

from config.acknowledgement import Acknowledgement, AcknowledgementState, ProcessLabel
from config.edit import Edit
from config.layers import Layers
from config.loader import build_snapshot
from config.snapshot import Snapshot
from jobs.catalogue import CLEAN_UP
from jobs.heartbeats import Heartbeat
from jobs.job import RunId
from jobs.run import Run
from jobs.streams.stream import Channel
from sanderling.cli.doctor import settings_json
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.findings import Finding, Standing
from sanderling.kernel.units import MIB
from sanderling.store import (
    SQLConfigStore,
    SQLHeartbeatStore,
    SQLJobStore,
    SQLStreamStore,
    open_database,
)
from sanderling.wiring.checkup import check_space, check_up
from sanderling.wiring.configuration import open_configuration
from sanderling.wiring.home import DATABASE, open_home, write_env_file
from support.streams import a_stream

SECRET = "0123456789abcdef0123456789abcdef"


def snapshot(home: Path, **values: object) -> Snapshot:
    """Return settings for a home without a sandbox, from these values alone."""
    found = {name: str(value) for name, value in values.items()}
    layers = Layers(
        arguments={"SANDERLING_HOME": str(home)},
        environment={"SERVERLESS_TYPE": "DISABLED", **found},
    )
    return build_snapshot(layers, rules=())


async def found(home: Path, **values: object) -> dict[str, Finding]:
    """Return the findings by name."""
    checked = await check_up(snapshot(home, **values), process="test")
    return {finding.name: finding for finding in checked.findings}


@pytest.fixture
def shared_home(tmp_path: Path) -> Path:
    """Return a home that others may read."""
    tmp_path.chmod(0o755)
    return tmp_path


async def test_absent_home_is_named_and_not_made(tmp_path: Path) -> None:
    """Looking makes neither folder nor database."""
    findings = await found(tmp_path / "home")

    assert findings["folder"].standing is findings["store"].standing is Standing.WARNING
    assert "sanderling init" in findings["store"].advice
    assert not (tmp_path / "home").exists()


async def test_home_that_others_can_read_is_a_warning(shared_home: Path) -> None:
    """A home that is open to others still works, and is told."""
    finding = (await found(shared_home))["folder"]

    assert finding.standing is Standing.WARNING
    assert "chmod 700" in finding.advice


async def test_secret_in_its_place_is_fine(tmp_path: Path) -> None:
    """A private home with a secret has nothing to be told."""
    open_home(tmp_path / "home")
    write_env_file(tmp_path / "home")

    findings = await found(tmp_path / "home", APP_SECRET=SECRET)

    assert findings["folder"].standing is findings["APP_SECRET"].standing is Standing.OK


@pytest.mark.parametrize(
    ("free_bytes", "standing"),
    [
        (0, Standing.FAILED),
        (MIB - 1, Standing.FAILED),
        (MIB, Standing.WARNING),
        (256 * MIB - 1, Standing.WARNING),
        (256 * MIB, Standing.OK),
    ],
)
def test_full_disk_is_told_before_a_write_fails(free_bytes: int, standing: Standing) -> None:
    """Little room is a warning and none a failure, both with what to do."""
    finding = check_space(free_bytes)

    assert finding.standing is standing
    assert bool(finding.advice) is (standing is not Standing.OK)


async def test_missing_secret_is_a_warning(tmp_path: Path) -> None:
    """Without APP_SECRET the doctor says where to get one."""
    assert (await found(tmp_path))["APP_SECRET"].standing is Standing.WARNING


async def test_disabled_driver_is_a_warning(tmp_path: Path) -> None:
    """Functions that are turned off are what was asked for, and are told."""
    finding = (await found(tmp_path))["call"]

    assert finding.standing is Standing.WARNING
    assert "SERVERLESS_TYPE" in finding.detail


async def test_driver_of_a_later_release_fails(tmp_path: Path) -> None:
    """A setting that nothing can follow is named."""
    finding = (await found(tmp_path, SERVERLESS_TYPE="LAMBDA"))["start"]

    assert finding.standing is Standing.FAILED
    assert "SERVERLESS_TYPE" in finding.detail


@pytest.mark.parametrize(
    "url", ["postgresql://app:hunter2@127.0.0.1:1/none", "mysql://app:hunter2@db/x"]
)
async def test_database_that_cannot_be_used_fails_without_its_address(
    tmp_path: Path, url: str
) -> None:
    """A database that is away, or of no kind we know, is told without user and password."""
    finding = (await found(tmp_path, DATABASE_URL=url))["store"]

    assert finding.standing is Standing.FAILED
    assert "hunter2" not in finding.detail + finding.advice


def test_settings_are_shown_with_secrets_masked(tmp_path: Path) -> None:
    """Every variable is shown by name; what is secret only as being set."""
    shown = settings_json(snapshot(tmp_path, APP_SECRET=SECRET, NODE_PORT=1))

    assert SECRET not in str(shown)
    assert {"name": "NODE_PORT", "value": "1", "source": "environment"} in shown
    assert {"name": "APP_SECRET", "value": "***", "source": "environment"} in shown
    assert {"name": "DATABASE_URL", "value": "", "source": "default"} in shown


async def test_what_is_stored_is_what_is_examined(tmp_path: Path) -> None:
    """The doctor looks at what a server would start with, and names the revision."""
    open_home(tmp_path)
    known = snapshot(tmp_path, SERVERLESS_TYPE="LOCAL", APP_SECRET=SECRET)
    async with open_configuration(known) as configuration:
        await configuration.change(Edit({"SERVERLESS_TYPE": "DISABLED"}, "operator"))

    checked = await check_up(known, process="test")

    findings = {finding.name: finding for finding in checked.findings}
    assert findings["source"].detail == "revision 1 of the database"
    assert "SERVERLESS_TYPE" in findings["call"].detail
    assert checked.layers == ()
    assert checked.snapshot.revision == 1


async def test_who_looks_after_jobs_is_told(tmp_path: Path) -> None:
    """That nobody does is a warning only where a process runs that counts on somebody."""
    open_home(tmp_path)
    server = ProcessLabel("serve-1", "serve", "host")
    url = f"sqlite:///{tmp_path / DATABASE}"
    async with open_configuration(snapshot(tmp_path, APP_SECRET=SECRET)):
        pass
    quiet = (await found(tmp_path))["worker"]
    async with open_database(url) as database:
        await SQLConfigStore(database, SystemClock()).acknowledge(
            Acknowledgement(server, 0, AcknowledgementState.APPLIED, 0)
        )
    alone = (await found(tmp_path))["worker"]
    async with open_database(url) as database:
        heartbeat = Heartbeat(server, 0, ("clean-up", "function-cron"))
        await SQLHeartbeatStore(database, SystemClock()).beat(heartbeat)
    attended = (await found(tmp_path))["worker"]

    assert quiet.standing is Standing.INFO
    assert alone.standing is Standing.WARNING
    assert "sanderling worker" in alone.advice
    assert (attended.standing, attended.value) == (Standing.OK, 1)


async def test_what_is_due_while_nobody_works_is_told(tmp_path: Path) -> None:
    """Accounts of channels that are turned on, schedules and runs are counted, and it is a warning.

    Those of a channel that is turned off wait for nobody.
    """
    open_home(tmp_path)
    async with open_configuration(snapshot(tmp_path, APP_SECRET=SECRET)):
        pass
    async with open_database(f"sqlite:///{tmp_path / DATABASE}") as database:
        mail = [a_stream(name) for name in ("a", "b")]
        calendars = [a_stream("c", channel=Channel.GOOGLE_CALENDAR)]
        await SQLStreamStore(database).open([*mail, *calendars])
        jobs, now = SQLJobStore(database), SystemClock().now()
        await jobs.open_courses([CLEAN_UP], now)
        course = (await jobs.courses())[CLEAN_UP]
        await jobs.emit(course, course, [Run(RunId("a run"), CLEAN_UP, now)])
    off = (await found(tmp_path))["worker"]
    on = (await found(tmp_path, MESSAGING_PROVIDER_GMAIL_ENABLED="true"))["worker"]

    assert (off.standing, on.standing) == (Standing.WARNING, Standing.WARNING)
    assert off.detail.endswith("Due now: 1 run of a job.")
    assert on.detail.endswith("Due now: 2 channels of accounts, 1 run of a job.")
    assert "nothing of this instance runs now" in on.detail
    assert "sanderling worker" in on.advice


async def test_stored_settings_that_are_not_valid_are_a_failure(tmp_path: Path) -> None:
    """A secret that was sealed with another APP_SECRET is named, and the environment goes on."""
    open_home(tmp_path)
    known = snapshot(tmp_path, APP_SECRET=SECRET)
    secret = {"EMAIL_SMTP_USER": "u", "EMAIL_SMTP_PASSWORD": "hunter2"}
    async with open_configuration(known) as configuration:
        await configuration.change(Edit(secret, "operator"))

    finding = (await found(tmp_path, APP_SECRET=SECRET[::-1]))["source"]

    assert finding.standing is Standing.FAILED
    assert "EMAIL_SMTP_PASSWORD" in finding.detail
    assert "hunter2" not in finding.detail


async def test_without_the_database_settings_come_from_the_environment(tmp_path: Path) -> None:
    """Environment-only mode is told as what it is."""
    finding = (await found(tmp_path, IS_CONFIG_VARIABLES_IN_DB_ENABLED="false"))["source"]

    assert finding.standing is Standing.OK
    assert "a restart applies a change" in finding.detail
