"""The jobs that this release knows, as data: what each is for, and which settings decide it.

Only what has work is listed: a name here is one that a worker can run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from config.catalogue import BY_NAME
from config.variables import Settings
from jobs.job import Job
from sanderling.schedule.cron import Cron, parse_cron

CLEAN_UP = "clean-up"
CALL_RETENTION = "call-retention"
CONFIG_ACK_REAPER = "config-ack-reaper"
FAILED_RECOVERY = "failed-recovery"
STALE_RECOVERY = "stale-recovery"
RENEWAL = "token-refresh"
PUSH_RENEWAL = "push-renewal"
FUNCTION_CRON = "function-cron"


class JobKind(StrEnum):
    """How a job's moments come."""

    JOB = "job"
    """Each tick of its cron is a run of its own."""
    SWEEPER = "sweeper"
    """Workers look for rows that are due again and again.

    The cron says how often each row is; there is none where the rows say it themselves.
    """


@dataclass(frozen=True, slots=True)
class WantedJob:
    """A job that the settings want, and how often they want it.

    `cron_variable` names the setting that holds its cron, which only a sweeper may be without.
    `enabled_by` names the one that turns it on and off; None is for those that nothing turns off.
    """

    name: str
    kind: JobKind
    description: str
    cron: Cron | None
    cron_variable: str | None
    enabled_by: str | None = None


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job as this release knows it, whatever the settings say; fields as in `WantedJob`."""

    name: str
    kind: JobKind
    description: str
    cron_variable: str | None
    enabled_by: str | None = None

    def wanted_by(self, settings: Settings) -> WantedJob | None:
        """Return it with the cron that `settings` give it; None when they turn it off."""
        if self.enabled_by is not None and not _value(settings, self.enabled_by):
            return None
        variable = self.cron_variable
        cron = parse_cron(str(_value(settings, variable))) if variable else None
        return WantedJob(
            self.name, self.kind, self.description, cron, self.cron_variable, self.enabled_by
        )


def _sweeper(name: str, description: str, cron_variable: str, enabled_by: str) -> KnownJob:
    """Return a sweeper, whose lane is in `jobs.streams.lanes` under the same name."""
    return KnownJob(name, JobKind.SWEEPER, description, cron_variable, enabled_by)


KNOWN_JOBS: tuple[KnownJob, ...] = (
    KnownJob(
        CLEAN_UP,
        JobKind.JOB,
        "Removes ended executions, delivered record events, used idempotency keys, and old runs of "
        "jobs and slices of sync.",
        "JOB_CLEAN_UP_CRON",
    ),
    KnownJob(
        CALL_RETENTION,
        JobKind.JOB,
        "Forgets calls that are older, or more, than the settings keep.",
        "JOB_CALL_RETENTION_CRON",
    ),
    KnownJob(
        CONFIG_ACK_REAPER,
        JobKind.JOB,
        "Forgets what processes that are long gone said about settings.",
        "JOB_CONFIG_ACK_REAPER_CRON",
    ),
    KnownJob(
        FAILED_RECOVERY,
        JobKind.JOB,
        "Tries accounts again that were stopped by failures which time may heal.",
        "JOB_FAILED_RECOVERY_CRON",
    ),
    KnownJob(
        STALE_RECOVERY,
        JobKind.JOB,
        "Begins accounts anew that a wrong clock keeps from being synced.",
        "JOB_STALE_RECOVERY_CRON",
    ),
    KnownJob(
        RENEWAL,
        JobKind.JOB,
        "Renews access tokens of connected accounts before they end.",
        "JOB_TOKEN_REFRESH_CRON",
    ),
    KnownJob(
        # Whatever the switch says: what was turned off has to be ended at providers.
        PUSH_RENEWAL,
        JobKind.JOB,
        "Has providers tell of changes where push is on, and end that where it is not wanted.",
        "JOB_PUSH_RENEWAL_CRON",
    ),
    KnownJob(
        FUNCTION_CRON,
        JobKind.SWEEPER,
        "Calls functions at the moments of their cron triggers.",
        None,
    ),
    _sweeper(
        "gmail-message-list-fetch",
        "Finds out what changed in the mail of Gmail accounts.",
        "JOB_MESSAGE_LIST_FETCH_CRON",
        "MESSAGING_PROVIDER_GMAIL_ENABLED",
    ),
    _sweeper(
        "gmail-messages-import",
        "Fetches the messages that were found in Gmail accounts.",
        "JOB_MESSAGES_IMPORT_CRON",
        "MESSAGING_PROVIDER_GMAIL_ENABLED",
    ),
    _sweeper(
        "google-calendar-event-list-fetch",
        "Finds out what changed in the calendars of Google accounts, and brings it in.",
        "JOB_CALENDAR_EVENT_LIST_FETCH_CRON",
        "CALENDAR_PROVIDER_GOOGLE_ENABLED",
    ),
    _sweeper(
        "google-calendar-events-import",
        "Goes on with long calendars of Google accounts.",
        "JOB_CALENDAR_EVENTS_IMPORT_CRON",
        "CALENDAR_PROVIDER_GOOGLE_ENABLED",
    ),
    _sweeper(
        "microsoft-message-list-fetch",
        "Finds out what changed in the mail of Microsoft accounts.",
        "JOB_MESSAGE_LIST_FETCH_CRON",
        "MESSAGING_PROVIDER_MICROSOFT_ENABLED",
    ),
    _sweeper(
        "microsoft-messages-import",
        "Fetches the messages that were found in Microsoft accounts.",
        "JOB_MESSAGES_IMPORT_CRON",
        "MESSAGING_PROVIDER_MICROSOFT_ENABLED",
    ),
    _sweeper(
        "microsoft-calendar-event-list-fetch",
        "Finds out what changed in the calendars of Microsoft accounts, and brings it in.",
        "JOB_CALENDAR_EVENT_LIST_FETCH_CRON",
        "CALENDAR_PROVIDER_MICROSOFT_ENABLED",
    ),
    _sweeper(
        "microsoft-calendar-events-import",
        "Goes on with long calendars of Microsoft accounts.",
        "JOB_CALENDAR_EVENTS_IMPORT_CRON",
        "CALENDAR_PROVIDER_MICROSOFT_ENABLED",
    ),
)


def wanted_jobs(
    settings: Settings, known: Iterable[KnownJob] = KNOWN_JOBS
) -> tuple[WantedJob, ...]:
    """Return the jobs that the instance should have, by these settings.

    A process leaves them to others with `DISABLE_CRON_JOBS_REGISTRATION`: they are wanted all the
    same, and `registered_jobs` returns none.
    """
    wanted = (job.wanted_by(settings) for job in known)
    return tuple(job for job in wanted if job is not None)


def registered_jobs(
    settings: Settings, known: Iterable[KnownJob] = KNOWN_JOBS
) -> tuple[WantedJob, ...]:
    """Return the wanted jobs that a worker with these settings registers."""
    return () if settings.is_cron_registration_disabled else wanted_jobs(settings, known)


def ticked(wanted: Iterable[WantedJob]) -> Mapping[str, Job]:
    """Return those of `wanted` whose ticks are runs, by name."""
    return {
        job.name: Job(job.name, job.cron)
        for job in wanted
        if job.kind is JobKind.JOB and job.cron is not None
    }


def swept(wanted: Iterable[WantedJob]) -> Mapping[str, Cron]:
    """Return the crons of the sweepers of `wanted` that have one, by name."""
    sweepers = (job for job in wanted if job.kind is JobKind.SWEEPER)
    return {job.name: job.cron for job in sweepers if job.cron is not None}


def _value(settings: Settings, variable: str) -> object:
    value: object = getattr(settings, BY_NAME[variable].field)
    return value
