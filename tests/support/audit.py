"""An audit within PostgreSQL: who held which stream, wrote under whose lease, ended which call.

Triggers note it in the transactions that they audit, so that nothing is noted which is undone. A
process is told by the role that it signs in with.
"""

from dataclasses import dataclass, field

from support.postgres import PASSWORD, USER, PostgresServer

_WRITTEN = ("messages", "message_contents", "message_folders", "message_wants")
_TABLES = (*_WRITTEN, "calendar_events", "sync_places")
_SCHEMA = """
CREATE TABLE audit_holds (
    number bigserial PRIMARY KEY, at timestamptz, stream_id text, account_id text, owner text
);
CREATE TABLE audit_writes (role text, account_id text, owner text, number bigint);
CREATE UNIQUE INDEX ON audit_writes (account_id, role, COALESCE(owner, ''));
CREATE FUNCTION audit_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_holds (at, stream_id, account_id, owner)
    VALUES (clock_timestamp(), NEW.id, NEW.account_id, NEW.lease_owner);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_hold AFTER UPDATE ON streams FOR EACH ROW
    WHEN (OLD.fence <> NEW.fence OR OLD.lease_owner IS DISTINCT FROM NEW.lease_owner)
    EXECUTE FUNCTION audit_hold();
CREATE TABLE audit_ends (role text, execution_id text);
CREATE FUNCTION audit_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_ends VALUES (session_user, NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_end AFTER UPDATE ON executions FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND NEW.status = 'succeeded')
    EXECUTE FUNCTION audit_end();
CREATE FUNCTION audit_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account text := CASE WHEN TG_OP = 'DELETE' THEN OLD.account_id ELSE NEW.account_id END;
BEGIN
    INSERT INTO audit_writes VALUES (
        session_user,
        account,
        (SELECT lease_owner FROM streams WHERE account_id = account AND lease_until IS NOT NULL),
        1
    ) ON CONFLICT (account_id, role, COALESCE(owner, ''))
    DO UPDATE SET number = audit_writes.number + 1;
    RETURN NULL;
END $$;
"""
_TRIGGER = """
CREATE TRIGGER audit_write AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_write();
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """A process's hold on an account, in seconds since the epoch; the last one may be open."""

    account_id: str
    pid: int
    began_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Write:
    """Rows that a process changed for an account while the lease was that of `owner_pid`."""

    account_id: str
    role: str
    owner_pid: int
    rows: int


@dataclass(slots=True)
class Audit:
    """The audit of one migrated database; `remove_roles` comes after the database is dropped."""

    postgres: PostgresServer
    database: str
    roles: list[str] = field(default_factory=list[str])

    def begin(self) -> None:
        """Note everything from now on."""
        triggers = "".join(_TRIGGER.format(table=table) for table in _TABLES)
        self.postgres.execute(_SCHEMA + triggers, database=self.database)

    def role(self) -> str:
        """Return a new role, for one process; a superuser, like the owner of the database."""
        role = f"{self.database}_{len(self.roles) + 1}"
        self.postgres.execute(f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        self.roles.append(role)
        return role

    def url(self, role: str) -> str:
        """Return the URL under which a role signs in."""
        return self.postgres.url(self.database).replace(f"//{USER}:", f"//{role}:")

    def remove_roles(self) -> None:
        """Forget the roles."""
        for role in self.roles:
            self.postgres.execute(f"DROP ROLE {role}")

    def holds(self) -> list[Hold]:
        """Return every hold, in order of its beginning."""
        query = (
            "SELECT stream_id, account_id, owner, extract(epoch FROM at)::float8 FROM audit_holds"
            " ORDER BY number"
        )
        begun: dict[str, tuple[int, float]] = {}
        found: list[Hold] = []
        for stream, account, owner, at in self.postgres.execute(query, database=self.database):
            at_s = float(str(at))
            if str(stream) in begun:
                pid, began_s = begun.pop(str(stream))
                found.append(Hold(str(account), pid, began_s, at_s))
            if owner is not None:
                begun[str(stream)] = (pid_of(str(owner)), at_s)
        return sorted(found, key=lambda hold: hold.began_s)

    def ends(self) -> list[tuple[str, str]]:
        """Return each good end of an execution: its id, and the role that wrote it."""
        query = "SELECT execution_id, role FROM audit_ends"
        found = self.postgres.execute(query, database=self.database)
        return [(str(execution_id), str(role)) for execution_id, role in found]

    def writes(self) -> list[Write]:
        """Return what was written for accounts, and under whose lease; 0 where there was none."""
        query = "SELECT account_id, role, owner, number FROM audit_writes"
        return [
            Write(str(account), str(role), 0 if owner is None else pid_of(str(owner)), int(str(n)))
            for account, role, owner, n in self.postgres.execute(query, database=self.database)
        ]


def pid_of(worker: str) -> int:
    """Return the process that a worker's name in rows tells: its kind, id and another word."""
    return int(worker.split("-")[1])
