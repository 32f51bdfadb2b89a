"""Runs what brings record events and ticks of cron triggers to their functions."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from config.variables import Settings
from jobs.catalogue import FUNCTION_CRON
from runner.triggers.courier import Courier
from runner.triggers.cron_sweep import CronSweep, Means
from runner.triggers.cron_sweeper import CronSweeper
from runner.triggers.delivery import RecordDelivery
from sanderling.api.services import Services
from sanderling.kernel.events import RecordChanged
from sanderling.store import (
    SQLCronCourses,
    SQLExecutionStore,
    SQLJobStore,
    SQLRecordOutbox,
    SQLTriggerStore,
)
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.meanwhile import meanwhile

_TOGETHER_S = 5.0
_ALONE_S = 1.0


@asynccontextmanager
async def delivering(
    settings: Settings, foundation: Foundation, services: Services
) -> AsyncGenerator[None]:
    """Deliver record events within; what is under way at the end is found again in its row."""
    delivery = RecordDelivery(
        SQLRecordOutbox(foundation.database),
        SQLTriggerStore(foundation.database),
        services.submission,
        foundation.ids,
        foundation.clock,
        random=secrets.SystemRandom().random,
    )
    every_s = _ALONE_S if settings.redis_url is None else _TOGETHER_S
    courier = Courier(delivery, foundation.clock, every_s=every_s)
    services.bus.subscribe(RecordChanged, courier.wake)
    async with meanwhile(courier.follow(), name="courier"):
        yield


@asynccontextmanager
async def keeping_time(
    settings: Settings, foundation: Foundation, services: Services
) -> AsyncGenerator[None]:
    """Queue ticks of cron triggers within, unless this process leaves them to others.

    What is under way at the end is found again in its row.
    """
    if settings.is_cron_registration_disabled:
        yield
        return
    random = secrets.SystemRandom().random
    sweep = CronSweep(
        Means(
            SQLCronCourses(foundation.database),
            services.submission,
            SQLExecutionStore(foundation.database),
            foundation.ids,
            foundation.clock,
            services.bus,
            random,
        )
    )
    store = SQLJobStore(foundation.database)

    async def is_paused() -> bool:
        course = (await store.courses()).get(FUNCTION_CRON)
        return course is not None and course.is_paused

    sweeper = CronSweeper(sweep, foundation.clock, random=random, is_paused=is_paused)
    async with meanwhile(sweeper.follow(), name=FUNCTION_CRON):
        yield
