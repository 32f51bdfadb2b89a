"""The call river with everything in memory and the clock in the test's hand."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from drivers.memory import MemoryDriver
from drivers.port import Driver
from runner.call import CallRequest, Selector, Trigger
from runner.calls import Calls
from runner.dispatch import Dispatch
from runner.function import Definition, RateLimit, Version
from runner.functions import Functions
from runner.gate import Gate
from runner.limit_policy import LimitPolicy
from runner.memory import MemoryCallLog, MemoryFunctionStore
from runner.pipeline import CallReport, Pipeline
from runner.ports import FunctionStore
from runner.record import Record
from runner.target import Targets
from sanderling.access.keys import Keys
from sanderling.access.memory import MemoryKeyStore
from sanderling.access.principal import BearerKey, Credential, Principal, Role
from sanderling.access.principals import KeyPrincipals
from sanderling.access.roles import RolePermissions
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import CallFinished, CallRefused, EventBus
from sanderling.kernel.ids import RequestId, SortableIds, WorkspaceId
from sanderling.metering.gcra import MemoryLimiter

ECHO = "def handler(event, context):\n    return event\n"

GENEROUS = RateLimit(1_000_000, 60_000)


@dataclass(frozen=True, slots=True)
class Caller:
    """Someone with a key, and who that turns out to be."""

    credential: Credential
    principal: Principal


class River:
    """One process with every station, two workspaces, and ears on the bus."""

    def __init__(
        self,
        *,
        driver: Driver | None = None,
        policy: LimitPolicy | None = None,
        store: Callable[[FunctionStore], FunctionStore] = lambda store: store,
        dispatch: Callable[[Driver, FunctionStore], Dispatch] = Dispatch,
    ) -> None:
        """Join the stations; `store` may wrap the store that they read from.

        `dispatch` may make another fourth station than the plain one.
        """
        random_bits = Random(7).getrandbits  # noqa: S311 - made-up keys that repeat.
        self.clock = VirtualClock()
        self.ids = SortableIds(self.clock, random_bits)
        self.bus = EventBus()
        self.driver: Driver = driver or MemoryDriver()
        self.policy = policy or LimitPolicy(GENEROUS, GENEROUS, GENEROUS)
        self.store = store(MemoryFunctionStore())
        self.call_log = MemoryCallLog()
        self.key_store = MemoryKeyStore()
        permissions = RolePermissions()
        self.keys = Keys(self.key_store, self.ids, self.clock, random_bits)
        self.principals = KeyPrincipals(self.key_store, self.clock)
        self.limiter = MemoryLimiter(self.clock)
        self.gate = Gate(self.principals, permissions, self.limiter, self.policy, self.clock)
        self.functions = Functions(
            self.store, self.driver, self.ids, self.clock, self.bus, permissions
        )
        self.calls = Calls(self.call_log, permissions)
        self.targets = Targets(self.store, self.policy, self.clock, self.bus)
        self.pipeline = Pipeline(
            self.gate,
            self.targets,
            dispatch(self.driver, self.store),
            Record(self.call_log, self.bus, self.ids, self.clock),
            self.bus,
        )
        self.here = self.ids.workspace()
        self.elsewhere = self.ids.workspace()
        self.finished: list[CallFinished] = []
        self.refused: list[CallRefused] = []
        self.bus.subscribe(CallFinished, self.finished.append)
        self.bus.subscribe(CallRefused, self.refused.append)

    async def caller(
        self, role: Role = Role.ADMIN, *, workspace_id: WorkspaceId | None = None
    ) -> Caller:
        """Return someone with a new key, in the first workspace unless another is named."""
        key = await self.keys.create(workspace_id or self.here, name="test", role=role)
        credential = BearerKey(key.text)
        return Caller(credential, await self.principals.authenticate(credential))

    async def publish(
        self, caller: Caller, name: str = "echo", definition: Definition | None = None
    ) -> Version:
        """Create and publish a function."""
        await self.functions.create(caller.principal, name, definition or Definition(ECHO))
        return await self.functions.publish(caller.principal, name)

    async def call(
        self,
        caller: Caller,
        name: str = "echo",
        event_json: bytes = b"1",
        *,
        version: Selector | int = Selector.LIVE,
        timeout_s: float | None = None,
        trigger: Trigger = Trigger.API,
    ) -> CallReport:
        """Send one call down the river."""
        request = CallRequest(
            credential=caller.credential,
            function=name,
            event_json=event_json,
            request_id=RequestId("req_test"),
            version=version,
            timeout_s=timeout_s,
            trigger=trigger,
        )
        return await self.pipeline.call(request)
