"""A process that arranges watches and is killed between its provider's answer and our row.

It is run as `python -m support.mortal_watching DATABASE_URL ANSWERS`; each id that the provider
gave is a line of the file ANSWERS.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from jobs.push.hints import Hint
from jobs.push.memory_watcher import MemoryWatcher
from jobs.push.plan import PushPlan
from jobs.push.ports import Watched, WatchOrder
from jobs.push.renewal import Means, WatchRenewal
from jobs.push.watch import Watch
from jobs.streams.stream import Channel
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import SystemClock
from sanderling.store import SQLWatchStore, open_database

PLAN = PushPlan(
    is_on=True, base_url="https://crm.example.org", turned_on=frozenset({Channel.MICROSOFT_MAIL})
)


class _Telling(MemoryWatcher):
    """A provider that writes down what it answered."""

    answers: Path

    async def watch(self, account: AccountRef, order: WatchOrder) -> Watched:
        watched = await super().watch(account, order)
        with self.answers.open("a") as file:
            file.write(f"{watched.remote_id}\n")
        return watched


class _Dying(SQLWatchStore):
    """A store that kills its process before it writes."""

    async def put(self, watch: Watch) -> bool:  # noqa: ARG002 - nothing becomes of it.
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def _nobody(hint: Hint) -> None:
    """Hand no hint on."""


async def _arrange(url: str, answers: Path) -> None:
    clock = SystemClock()
    watcher = _Telling(clock)
    watcher.answers = answers
    async with open_database(url) as database:
        means = Means(clock, lambda: 0.5, os.urandom, _nobody)
        watchers = {Channel.MICROSOFT_MAIL: watcher}
        await WatchRenewal(_Dying(database), watchers, means, lambda: PLAN).renew()


if __name__ == "__main__":
    asyncio.run(_arrange(sys.argv[1], Path(sys.argv[2])))
