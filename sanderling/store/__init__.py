"""Implements the rooms' ports on SQL; owns migrations."""

from sanderling.store.account_records import SQLAccountRecords
from sanderling.store.accounts import SQLAccountStore
from sanderling.store.address import check_database_url
from sanderling.store.calendars import SQLCalendarStore
from sanderling.store.call_backlog import CallLogBounds
from sanderling.store.call_retention import SQLHistoryStore
from sanderling.store.calls import SQLCallLog
from sanderling.store.config_store import SQLConfigStore
from sanderling.store.cron_courses import SQLCronCourses
from sanderling.store.database import Database, open_database, open_unprepared_database
from sanderling.store.executions import SQLExecutionStore
from sanderling.store.file_hints import FileHints
from sanderling.store.functions import SQLFunctionStore
from sanderling.store.health import health
from sanderling.store.heartbeats import SQLHeartbeatStore
from sanderling.store.idempotency_keys import SQLIdempotencyKeys
from sanderling.store.jobs import SQLJobStore
from sanderling.store.keys import SQLKeyStore
from sanderling.store.limits import DatabaseLimits
from sanderling.store.mail import SQLMailStore
from sanderling.store.migration import migrate
from sanderling.store.notify_hints import NotifyHints
from sanderling.store.record_outbox import SQLRecordOutbox
from sanderling.store.reseal import reseal_tokens
from sanderling.store.slice_history import SQLSliceHistory
from sanderling.store.streams import SQLStreamStore, require_lease
from sanderling.store.sync_records import SQLSyncRecords
from sanderling.store.triggers import SQLTriggerStore
from sanderling.store.watches import SQLWatchStore
from sanderling.store.workspaces import SQLWorkspaces, Workspace

__all__ = [
    "CallLogBounds",
    "Database",
    "DatabaseLimits",
    "FileHints",
    "NotifyHints",
    "SQLAccountRecords",
    "SQLAccountStore",
    "SQLCalendarStore",
    "SQLCallLog",
    "SQLConfigStore",
    "SQLCronCourses",
    "SQLExecutionStore",
    "SQLFunctionStore",
    "SQLHeartbeatStore",
    "SQLHistoryStore",
    "SQLIdempotencyKeys",
    "SQLJobStore",
    "SQLKeyStore",
    "SQLMailStore",
    "SQLRecordOutbox",
    "SQLSliceHistory",
    "SQLStreamStore",
    "SQLSyncRecords",
    "SQLTriggerStore",
    "SQLWatchStore",
    "SQLWorkspaces",
    "Workspace",
    "check_database_url",
    "health",
    "migrate",
    "open_database",
    "open_unprepared_database",
    "require_lease",
    "reseal_tokens",
]
