"""What a process that lasts does beside answering requests: its share of the work, and watching."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from config.acknowledgement import ProcessLabel
from config.live import LiveConfiguration
from config.subscriber import Subscriber
from config.variables import Settings
from config.variables.worker import Queue
from drivers.port import Health
from jobs.aisle import Aisle
from sanderling.api.services import HealthCheck, Services
from sanderling.store import SQLHeartbeatStore
from sanderling.wiring.attendance import attendance, watching_attendance
from sanderling.wiring.channels import Reach
from sanderling.wiring.executions import Consumption
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.jobs import Duty, JobsSubscriber, beating, open_duty
from sanderling.wiring.limits import Counting
from sanderling.wiring.push import Push, nudging
from sanderling.wiring.queues import queues_of
from sanderling.wiring.sync import Company, Syncing, SyncSubscriber, open_sync
from sanderling.wiring.triggers import delivering, keeping_time


class Share:
    """The part of the work that this process takes up; one event loop owns it."""

    def __init__(
        self, consumption: Consumption, duty: Duty | None = None, syncing: Syncing | None = None
    ) -> None:
        """Steer all of them."""
        self._consumption = consumption
        self.duty = duty
        self._syncing = syncing

    def subscribers(self) -> list[Subscriber]:
        """Return those of its parts that follow settings."""
        following: list[Subscriber] = []
        if self.duty is not None:
            following.append(JobsSubscriber(self.duty.crew, self.duty.in_force))
        if self._syncing is not None:
            following.append(SyncSubscriber(self._syncing))
        return following

    def rest(self) -> None:
        """Take up nothing new; what runs goes on."""
        self._consumption.rest()
        if self.duty is not None:
            self.duty.crew.rest()
        if self._syncing is not None:
            self._syncing.sweeper.rest()

    def hurry(self) -> None:
        """End what runs; it is run again elsewhere, or later."""
        self._consumption.hurry()
        if self.duty is not None:
            self.duty.crew.hurry()
        if self._syncing is not None:
            self._syncing.sweeper.hurry()


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a process has to work with."""

    foundation: Foundation
    services: Services
    consumption: Consumption
    counting: Counting
    push: Push


@asynccontextmanager
async def open_share(
    settings: Settings, workplace: Workplace, *, label: ProcessLabel, is_worker: bool
) -> AsyncGenerator[Share]:
    """Yield the share of a process, whose work has begun."""
    foundation, services = workplace.foundation, workplace.services
    consumption, counting = workplace.consumption, workplace.counting
    queues = queues_of(settings, is_worker=is_worker)
    async with AsyncExitStack() as stack:
        if Queue.EXECUTIONS in queues:
            consumption.begin()
        else:
            consumption.leave_to_others()
        if Queue.RECORD_EVENTS in queues:
            await stack.enter_async_context(delivering(settings, foundation, services))
        duty = syncing = None
        if Queue.JOBS in queues:
            aisle, push = Aisle(), workplace.push
            opening = open_duty(settings, foundation, services, push, label=label, aisle=aisle)
            duty = await stack.enter_async_context(opening)
            await stack.enter_async_context(keeping_time(settings, foundation, services))
            await stack.enter_async_context(nudging(push))
            reach = Reach(push.sign_ins, counting.limiter)
            company = Company(label.id, services.bus, aisle)
            opening_sync = open_sync(settings, foundation, counting, reach, company)
            syncing = await stack.enter_async_context(opening_sync)
        yield Share(consumption, duty, syncing)


@asynccontextmanager
async def telling(
    share: Share, foundation: Foundation, live: LiveConfiguration
) -> AsyncGenerator[None]:
    """Tell others what this process looks after; if it is nothing, watch that others do."""
    if share.duty is not None and share.duty.crew.registered():
        async with beating(share.duty, foundation, live):
            yield
        return
    heartbeats = SQLHeartbeatStore(foundation.database, foundation.clock)
    async with watching_attendance(heartbeats, foundation.clock):
        yield


def jobs_check(share: Share, foundation: Foundation) -> HealthCheck:
    """Return what tells the health of whoever looks after jobs, here or elsewhere."""
    if share.duty is not None and share.duty.crew.registered():
        return share.duty.health
    heartbeats = SQLHeartbeatStore(foundation.database, foundation.clock)

    async def check() -> Health:
        return await attendance(heartbeats)

    return check
