"""What people do with the settings of a server."""

from collections.abc import Mapping

from sanderling.api.config_models import (
    AskedConfigRollback,
    AskedRevision,
    AskedValue,
    AskedValues,
    ChangeMade,
    ChangesShown,
    ConfigShown,
    ProcessList,
    RevisionPage,
)
from sanderling.api.page_bounds import MAX_WAIT_S
from sanderling.client.asked import asked_body, page_place
from sanderling.client.settings_transport import SettingsTransport


class ServerSettings:
    """See and change the settings of the whole server, as one of its administrators.

    Values are texts as in an `.env` file, or flags, numbers and lists of texts; None takes a
    variable out of the database. Secrets are shown as fingerprints, and to nobody as they are.
    """

    def __init__(self, transport: SettingsTransport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def show(self) -> ConfigShown:
        """Return every variable with its value and source, and the newest revision."""
        return await self._transport.show()

    async def check(
        self, values: Mapping[str, AskedValue], *, base: int | None = None
    ) -> ChangesShown:
        """Return what such a change would change; nothing is kept."""
        members = {"values": dict(values), "base": base}
        return await self._transport.check(asked_body(AskedValues, members))

    async def change(
        self, values: Mapping[str, AskedValue], *, base: int | None = None, reason: str = ""
    ) -> ChangeMade:
        """Change several settings at once, all of them or none.

        `base` is the revision that was looked at, by default the newest one.

        Raises:
            ConfigConflict: somebody else has changed one of them since the base.
            ConfigRejected: the whole would not be valid.

        """
        members = {"values": dict(values), "base": base, "reason": reason}
        return await self._transport.change(asked_body(AskedRevision, members))

    async def rollback(
        self, revision: int, *, base: int | None = None, reason: str = ""
    ) -> ChangeMade:
        """Make a new revision with the settings of an earlier one."""
        members = {"revision": revision, "base": base, "reason": reason}
        return await self._transport.roll_back(asked_body(AskedConfigRollback, members))

    async def history(self, *, limit: int = 50, before: int | None = None) -> RevisionPage:
        """Return who changed what, newest first; `next_before` of one page leads to the next."""
        return await self._transport.history(page_place(limit, None).limit, before)

    async def processes(self) -> ProcessList:
        """Return what each process did with the newest revision."""
        return await self._transport.processes()

    async def wait_in_force(self, revision: int, *, timeout_s: float = 15.0) -> ProcessList:
        """Return what processes say once all of them run by `revision`; waits at most 25 seconds.

        Raises:
            RevisionNotInForce: one refused it, or the time is over.

        """
        return await self._transport.wait_in_force(revision, min(timeout_s, MAX_WAIT_S))
