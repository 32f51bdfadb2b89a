"""The port between what people write about settings and where it happens."""

from typing import Protocol

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


class SettingsTransport(Protocol):
    """Carry what is asked about settings; needs the permissions of a server administrator.

    Every implementation passes `tests/contract/test_settings_contract.py`: same values, same
    refusals.
    """

    async def show(self) -> ConfigShown:
        """Return every variable."""
        ...

    async def check(self, asked: AskedValues) -> ChangesShown:
        """Return what a change would change."""
        ...

    async def change(self, asked: AskedRevision) -> ChangeMade:
        """Change several settings at once."""
        ...

    async def roll_back(self, asked: AskedConfigRollback) -> ChangeMade:
        """Make a revision with the settings of an earlier one."""
        ...

    async def history(self, limit: int, before: int | None) -> RevisionPage:
        """Return revisions, newest first."""
        ...

    async def processes(self) -> ProcessList:
        """Return what each process says."""
        ...

    async def wait_in_force(self, revision: int, timeout_s: float) -> ProcessList:
        """Return what processes say once all run by `revision`."""
        ...
