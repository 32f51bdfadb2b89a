"""What the worker does by itself, and when."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from config.cron import check_cron
from config.declaration import Declared, Group
from config.kinds import Flag, Items, Milliseconds, Text, Whole
from config.variables.group import VariableGroup


class Queue(StrEnum):
    """What a worker takes up; each process takes all of them unless it is told otherwise."""

    EXECUTIONS = "executions"
    RECORD_EVENTS = "record-events"
    JOBS = "jobs"


def _check_queues(names: tuple[str, ...]) -> tuple[str, ...]:
    known = [queue.value for queue in Queue]
    if not set(names) <= set(known):
        raise ValueError(f"queues are {', '.join(known)}")
    return names


_Queues = Annotated[Items, AfterValidator(_check_queues)]
_Cron = Annotated[Text, AfterValidator(check_cron)]
_Days = Annotated[Whole, Field(ge=1, le=36_500)]


class WorkerVariables(VariableGroup):
    """Queues, recurring jobs and clean-up."""

    group: ClassVar[Group] = Group.WORKER

    worker_enabled_queues: Annotated[
        _Queues,
        Declared(
            "WORKER_ENABLED_QUEUES",
            "The only queues that this process takes work from, of `executions`, `record-events` "
            "and `jobs`; by default all.",
            is_env_only=True,
        ),
    ] = ()
    worker_excluded_queues: Annotated[
        _Queues,
        Declared(
            "WORKER_EXCLUDED_QUEUES",
            "Queues that this process takes no work from.",
            is_env_only=True,
        ),
    ] = ()
    is_cron_registration_disabled: Annotated[
        Flag,
        Declared(
            "DISABLE_CRON_JOBS_REGISTRATION",
            "Whether this worker leaves recurring jobs to others.",
            is_env_only=True,
        ),
    ] = False
    jobs_drain_ms: Annotated[
        Milliseconds,
        Field(ge=0, le=600_000),
        Declared(
            "JOBS_DRAIN_MS",
            "How long a process that stops lets its jobs run on before others take them over.",
            needs_restart=True,
        ),
    ] = 10_000
    executions_concurrency: Annotated[
        Whole,
        Field(ge=0, le=200),
        Declared(
            "EXECUTIONS_CONCURRENCY",
            "Queued calls that one process runs at once; 0 leaves them to other processes.",
        ),
    ] = 16
    executions_lease_ms: Annotated[
        Milliseconds,
        Field(ge=1000, le=600_000),
        Declared(
            "EXECUTIONS_LEASE_MS",
            "How long a process that runs queued calls may be silent before it counts as gone.",
            needs_restart=True,
        ),
    ] = 30_000
    executions_reconcile_interval_ms: Annotated[
        Milliseconds | None,
        Field(ge=50, le=60_000),
        Declared(
            "EXECUTIONS_RECONCILE_INTERVAL_MS",
            "Milliseconds between two looks for queued calls that are due, overdue or were left "
            "behind; by default 1000, and 5000 with Redis.",
        ),
    ] = None
    executions_retention_days: Annotated[
        _Days,
        Declared(
            "EXECUTIONS_RETENTION_DAYS",
            "Days that a queued call is kept after its end; at least as long as people may replay "
            "it.",
        ),
    ] = 30
    messages_batch_size: Annotated[
        Whole,
        Field(ge=1, le=10_000),
        Declared(
            "MESSAGING_MESSAGES_GET_BATCH_SIZE",
            "Messages that one import takes at once.",
        ),
    ] = 400
    sync_concurrency: Annotated[
        Whole,
        Field(ge=0, le=1000),
        Declared(
            "WORKER_SYNC_CONCURRENCY",
            "Accounts that one process syncs at once; 0 leaves them to other processes.",
        ),
    ] = 50
    sync_lease_ms: Annotated[
        Milliseconds,
        Field(ge=1000, le=600_000),
        Declared(
            "WORKER_SYNC_LEASE_MS",
            "How long a process that syncs accounts may be silent before others take them over.",
            needs_restart=True,
        ),
    ] = 60_000
    sync_channel_concurrency: Annotated[
        Whole | None,
        Field(ge=1, le=10_000),
        Declared(
            "WORKER_SYNC_CHANNEL_CONCURRENCY",
            "Accounts of one channel, such as Gmail, that all processes together sync at once; by "
            "default any number.",
        ),
    ] = None
    message_list_fetch_cron: Annotated[
        _Cron,
        Declared(
            "JOB_MESSAGE_LIST_FETCH_CRON",
            "When the mail of each account is looked at for changes, in UTC; accounts are spread "
            "over the time between two ticks.",
        ),
    ] = "2-59/5 * * * *"
    messages_import_cron: Annotated[
        _Cron,
        Declared(
            "JOB_MESSAGES_IMPORT_CRON",
            "When messages that could not be fetched at once are tried again, in UTC.",
        ),
    ] = "* * * * *"
    calendar_list_fetch_cron: Annotated[
        _Cron,
        Declared(
            "JOB_CALENDAR_EVENT_LIST_FETCH_CRON",
            "When the calendars of each account are looked at for changes, in UTC; accounts are "
            "spread over the time between two ticks.",
        ),
    ] = "*/5 * * * *"
    calendar_events_import_cron: Annotated[
        _Cron,
        Declared(
            "JOB_CALENDAR_EVENTS_IMPORT_CRON",
            "How often the rest of long calendars is looked for, in UTC; while one is being read, "
            "its next part follows at once.",
        ),
    ] = "* * * * *"
    stale_recovery_cron: Annotated[
        _Cron,
        Declared(
            "JOB_STALE_RECOVERY_CRON",
            "When accounts whose sync hangs are begun anew, in UTC.",
        ),
    ] = "0 * * * *"
    failed_recovery_cron: Annotated[
        _Cron,
        Declared(
            "JOB_FAILED_RECOVERY_CRON",
            "When accounts that failures stopped are tried again, in UTC; each of them waits twice "
            "as long as before, from half an hour on, and after six times somebody has to resume "
            "it.",
        ),
    ] = "*/30 * * * *"
    renewal_cron: Annotated[
        _Cron,
        Declared(
            "JOB_TOKEN_REFRESH_CRON",
            "When access tokens are renewed that end within ten minutes, in UTC; one that is "
            "needed and has ended is renewed at once.",
        ),
    ] = "*/5 * * * *"
    is_push_enabled: Annotated[
        Flag,
        Declared(
            "IS_CONNECTED_ACCOUNT_WEBHOOK_SUBSCRIPTION_ENABLED",
            "Whether providers are asked to tell of changes, at SERVER_URL; each account is looked "
            "at in turn all the same.",
        ),
    ] = False
    push_renewal_cron: Annotated[
        _Cron,
        Declared(
            "JOB_PUSH_RENEWAL_CRON",
            "When what providers were asked to tell of is renewed, in UTC, long before it ends.",
        ),
    ] = "0 * * * *"
    clean_up_cron: Annotated[
        _Cron,
        Declared(
            "JOB_CLEAN_UP_CRON",
            "When ended executions, delivered record events and old runs are removed, in UTC.",
        ),
    ] = "10 0 * * *"
    call_retention_cron: Annotated[
        _Cron,
        Declared(
            "JOB_CALL_RETENTION_CRON",
            "When calls beyond what the history keeps are forgotten, in UTC.",
        ),
    ] = "*/10 * * * *"
    config_ack_reaper_cron: Annotated[
        _Cron,
        Declared(
            "JOB_CONFIG_ACK_REAPER_CRON",
            "When processes that are long gone are forgotten, in UTC.",
        ),
    ] = "*/15 * * * *"
    inactive_days_before_notification: Annotated[
        _Days,
        Declared(
            "WORKSPACE_INACTIVE_DAYS_BEFORE_NOTIFICATION",
            "Days that a workspace is suspended before its members are warned.",
            is_planned=True,
        ),
    ] = 7
    inactive_days_before_soft_deletion: Annotated[
        _Days,
        Declared(
            "WORKSPACE_INACTIVE_DAYS_BEFORE_SOFT_DELETION",
            "Days that a workspace is suspended before it is deleted and can be brought back.",
            is_planned=True,
        ),
    ] = 14
    inactive_days_before_deletion: Annotated[
        _Days,
        Declared(
            "WORKSPACE_INACTIVE_DAYS_BEFORE_DELETION",
            "Days that a workspace is suspended before it is gone for good.",
            is_planned=True,
        ),
    ] = 21
    max_workspaces_deleted: Annotated[
        Whole,
        Field(ge=1, le=10_000),
        Declared(
            "MAX_NUMBER_OF_WORKSPACES_DELETED_PER_EXECUTION",
            "Workspaces that one clean-up deletes at most.",
            is_planned=True,
        ),
    ] = 5
