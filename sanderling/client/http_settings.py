"""Settings over HTTP."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from pydantic import BaseModel

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

Answer = TypeVar("Answer", bound=BaseModel)


class _Connection(Protocol):
    async def read(
        self, path: str, model: type[Answer], query: Mapping[str, str] | None = None
    ) -> Answer: ...

    async def write(
        self, method: str, path: str, model: type[Answer], asked: BaseModel | None = None
    ) -> Answer: ...


class HTTPSettings:
    """Ask a server for its settings."""

    def __init__(self, connection: _Connection) -> None:
        """Speak over `connection`."""
        self._connection = connection

    async def show(self) -> ConfigShown:
        """Return every variable."""
        return await self._connection.read("/v1/config", ConfigShown)

    async def check(self, asked: AskedValues) -> ChangesShown:
        """Return what a change would change."""
        return await self._connection.write("POST", "/v1/config/check", ChangesShown, asked)

    async def change(self, asked: AskedRevision) -> ChangeMade:
        """Change several settings at once."""
        return await self._connection.write("POST", "/v1/config/revisions", ChangeMade, asked)

    async def roll_back(self, asked: AskedConfigRollback) -> ChangeMade:
        """Make a revision with the settings of an earlier one."""
        return await self._connection.write("POST", "/v1/config/rollback", ChangeMade, asked)

    async def history(self, limit: int, before: int | None) -> RevisionPage:
        """Return revisions, newest first."""
        query = {"limit": str(limit)} | ({} if before is None else {"before": str(before)})
        return await self._connection.read("/v1/config/revisions", RevisionPage, query)

    async def processes(self) -> ProcessList:
        """Return what each process says."""
        return await self._connection.read("/v1/config/processes", ProcessList)

    async def wait_in_force(self, revision: int, timeout_s: float) -> ProcessList:
        """Return what processes say once all run by `revision`."""
        path = f"/v1/config/revisions/{revision}/in-force"
        return await self._connection.read(path, ProcessList, {"timeout_s": repr(timeout_s)})
