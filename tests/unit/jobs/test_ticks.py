"""Registrations that follow what is wanted."""

import asyncio

import pytest

from jobs.job import Job
from jobs.ticks import Ticks
from sanderling.schedule.cron import parse_cron
from support.waiting import until

SECONDLY = Job("often", parse_cron("* * * * * *"))
YEARLY = Job("seldom", parse_cron("@yearly"))


async def test_only_what_changed_is_registered_anew() -> None:
    """What stays as it was keeps its next moment; what is not wanted is gone."""

    async def wake(_: Job) -> None:
        await asyncio.sleep(0)

    with Ticks(wake, fired=lambda: None) as ticks:
        ticks.follow({"seldom": YEARLY, "daily": Job("daily", parse_cron("@daily"))})
        before = ticks.registrations()
        ticks.follow({"seldom": YEARLY, "daily": Job("daily", parse_cron("0 12 * * *"))})
        after = ticks.registrations()
        ticks.follow({"seldom": YEARLY})

        assert before["seldom"] == after["seldom"]
        assert before["daily"] != after["daily"]
        assert set(ticks.registrations()) == {"seldom"}


async def test_each_registered_job_wakes_us() -> None:
    """A job that recurs each second is looked at soon, and the next time is another moment."""
    woken, fired = list[Job](), list[bool]()

    async def wake(job: Job) -> None:
        woken.append(job)
        await asyncio.sleep(0)

    with Ticks(wake, fired=lambda: fired.append(True)) as ticks:
        ticks.follow({"often": SECONDLY, "seldom": YEARLY})
        await until(lambda: len(woken) >= 2 and len(fired) >= 2)

    assert set(woken) == {SECONDLY}


async def test_a_look_that_is_cut_off_at_the_end_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever stops while a job is looked at reads of no failure, and no look goes on."""
    looking, cut = asyncio.Event(), asyncio.Event()

    async def wake(_: Job) -> None:
        looking.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    with Ticks(wake, fired=lambda: None) as ticks:
        ticks.follow({"often": SECONDLY})
        await looking.wait()
    await cut.wait()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
