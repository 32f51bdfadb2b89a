"""Whether the database answers, and takes writes."""

import asyncio

from sqlalchemy import select, update

from drivers.port import Health, HealthState
from sanderling.kernel.errors import Fault
from sanderling.store.database import Database
from sanderling.store.schema import workspaces


async def health(database: Database) -> Health:
    """Say whether `database` can be read and written, by trying both.

    The write touches no row, and only after a write has failed does it touch one: that is enough
    to see a lock or a read-only server, and leaves a healthy database as it is.
    """
    try:
        async with asyncio.timeout(database.limits.probe_s), database.read() as connection:
            await connection.execute(select(workspaces.c.id).limit(1))
    except TimeoutError:
        return Health(HealthState.DOWN, ("The database did not answer in time.",))
    except Fault as fault:
        return Health(HealthState.DOWN, (fault.detail,))
    write = update(workspaces).values(mark=workspaces.c.mark)
    touched = write if database.write_fault else write.where(workspaces.c.id == "")
    try:
        async with database.probe() as connection:
            await connection.execute(touched)
    except Fault as fault:
        return Health(HealthState.DEGRADED, (f"Nothing can be written. {fault.detail}",))
    return Health(HealthState.OK)
