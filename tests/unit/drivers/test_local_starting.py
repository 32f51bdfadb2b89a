"""A pool is started once for all who need it, and again after a start that failed."""

import asyncio
from typing import cast

import pytest

from drivers.errors import DriverError
from drivers.local.pool import Pool
from drivers.local.starting import Starting
from support.waiting import until


class _SlowPool:
    """Stands for a pool whose starts end when the test says so."""

    def __init__(self) -> None:
        self.starts: list[asyncio.Future[None]] = []

    async def start(self) -> None:
        self.starts.append(asyncio.get_running_loop().create_future())
        await self.starts[-1]


async def test_all_who_wait_hear_of_the_failure_and_the_next_start_is_one() -> None:
    """Whoever hears late of a start that failed does not make others begin a third one."""
    slow = _SlowPool()
    starting = Starting(cast("Pool", slow))
    heard: list[str] = []

    async def insist() -> None:
        try:
            await starting.wait()
        except DriverError as error:
            heard.append(error.detail)
            await starting.wait()

    tasks = [asyncio.create_task(insist()) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    slow.starts[0].set_exception(DriverError(driver="local", reason="not today"))
    await until(lambda: len(slow.starts) > 1)
    slow.starts[1].set_result(None)
    await asyncio.gather(*tasks)

    assert len(heard) == 3
    assert len(slow.starts) == 2
    assert starting.is_done
    assert starting.failure == ""


@pytest.mark.parametrize(
    "error", [DriverError(driver="local", reason="no room"), OSError(24, "no room")]
)
async def test_any_failure_is_remembered_until_a_start_succeeds(error: Exception) -> None:
    """What was wrong can be asked for, and the start that failed does not count as one."""
    slow = _SlowPool()
    starting = Starting(cast("Pool", slow))
    starting.begin()
    await asyncio.sleep(0)
    slow.starts[0].set_exception(error)
    with pytest.raises(type(error)):
        await starting.wait()

    assert "no room" in starting.failure
    assert not starting.is_begun
    assert not starting.is_done
