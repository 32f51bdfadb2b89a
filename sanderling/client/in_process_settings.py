"""Settings without a server: the use-case, in this process, past the same gate as over HTTP."""

from collections.abc import Awaitable, Callable

from config.configuration import Configuration
from config.edit import Edit
from config.stored import HistoryEntry
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal
from sanderling.api.config_models import (
    AskedConfigRollback,
    AskedRevision,
    AskedValues,
    ChangeMade,
    ChangesShown,
    ConfigShown,
    ProcessList,
    RevisionPage,
)

READ = Permission.CONFIG_READ
WRITE = Permission.CONFIG_WRITE

Admit = Callable[[Permission], Awaitable[Principal]]


class InProcessSettings:
    """Work on the configuration itself."""

    def __init__(self, configuration: Callable[[], Configuration], admit: Admit) -> None:
        """Ask `configuration` once it is open, and `admit` who may."""
        self._configuration = configuration
        self._admit = admit

    async def show(self) -> ConfigShown:
        """Return every variable."""
        await self._admit(READ)
        configuration = self._configuration()
        revision = await configuration.read_head()
        shown = await configuration.describe()
        return ConfigShown.of(revision, shown, is_changeable=configuration.is_changeable)

    async def check(self, asked: AskedValues) -> ChangesShown:
        """Return what a change would change."""
        await self._admit(WRITE)
        changes = await self._configuration().check(asked.texts(), base=asked.base)
        return ChangesShown.of(changes)

    async def change(self, asked: AskedRevision) -> ChangeMade:
        """Change several settings at once."""
        principal = await self._admit(WRITE)
        return await self._made(
            await self._configuration().change(
                Edit(asked.texts(), _author(principal), reason=asked.reason, base=asked.base)
            )
        )

    async def roll_back(self, asked: AskedConfigRollback) -> ChangeMade:
        """Make a revision with the settings of an earlier one."""
        principal = await self._admit(WRITE)
        return await self._made(
            await self._configuration().rollback(
                asked.revision,
                changed_by=_author(principal),
                reason=asked.reason,
                base=asked.base,
            )
        )

    async def history(self, limit: int, before: int | None) -> RevisionPage:
        """Return revisions, newest first."""
        await self._admit(READ)
        entries = await self._configuration().history(limit=limit + 1, before=before)
        return RevisionPage.of(entries, limit)

    async def processes(self) -> ProcessList:
        """Return what each process says."""
        await self._admit(READ)
        return ProcessList.of(await self._configuration().acknowledgements())

    async def wait_in_force(self, revision: int, timeout_s: float) -> ProcessList:
        """Return what processes say once all run by `revision`."""
        await self._admit(READ)
        configuration = self._configuration()
        return ProcessList.of(await configuration.wait_in_force(revision, timeout_s=timeout_s))

    async def _made(self, entry: HistoryEntry | None) -> ChangeMade:
        head = 0 if entry else await self._configuration().read_head()
        return ChangeMade.of(entry, head=head)


def _author(principal: Principal) -> str:
    return principal.key_id or "operator"
