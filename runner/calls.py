"""What people see of calls."""

from runner.call import CallRecord
from runner.call_filter import CallFilter
from runner.errors import CallUnknown
from runner.function import is_name
from runner.ports import CallLog, Page
from sanderling.access.permission import Permission, Permissions, require
from sanderling.access.principal import Principal
from sanderling.kernel.ids import CallId, is_id

ANY = CallFilter()


class Calls:
    """Show the calls of the principal's own workspace.

    Every method takes the principal first and raises `Forbidden` when it does not hold
    `calls.read`, and `StoreUnavailableError` when the database is away.
    """

    def __init__(self, call_log: CallLog, permissions: Permissions) -> None:
        """Read from `call_log`."""
        self._call_log = call_log
        self._permissions = permissions

    def permit(self, principal: Principal) -> None:
        """Pass a principal that may read calls."""
        require(self._permissions, principal, Permission.CALLS_READ)

    async def get(self, principal: Principal, call_id: str) -> CallRecord:
        """Return one call, also one that ended a moment ago.

        Raises:
            CallUnknown: the workspace has no call of this id.

        """
        require(self._permissions, principal, Permission.CALLS_READ)
        found = None
        if is_id(call_id, "call"):
            found = await self._call_log.find_call(principal.workspace_id, CallId(call_id))
        if found is None:
            raise CallUnknown(call_id=call_id)
        return found

    async def list(
        self,
        principal: Principal,
        *,
        matching: CallFilter = ANY,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[CallRecord]:
        """Return calls, newest first; what cannot be, such as an unknown outcome, has no calls.

        Raises:
            CursorRefused: the cursor was not made by this list.

        """
        require(self._permissions, principal, Permission.CALLS_READ)
        if not _is_possible(matching):
            return Page(())
        return await self._call_log.list_calls(
            principal.workspace_id, matching=matching, limit=limit, cursor=cursor
        )


def _is_possible(matching: CallFilter) -> bool:
    return matching.function is None or is_name(matching.function)
