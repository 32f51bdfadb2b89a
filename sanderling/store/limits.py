"""How long a database may keep us waiting, and how much of it we take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """How long and how much; times in seconds.

    `lock_s` bounds the wait for a lock or a pooled connection, `statement_s` one statement on
    PostgreSQL, `transaction_s` a whole transaction as seen from here, and how long PostgreSQL waits
    for the next word of one, `probe_s` a health check, `migration_s` the wait for another process
    that migrates. `connections` is the most that are open at once, besides the one for leases on
    PostgreSQL.
    """

    connect_s: float = 5.0
    lock_s: float = 5.0
    statement_s: float = 10.0
    transaction_s: float = 20.0
    probe_s: float = 2.0
    migration_s: float = 60.0
    connections: int = 10
