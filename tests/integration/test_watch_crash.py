"""Whoever is killed between a provider's answer and our row leaves no stream unwatched for good."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobs.push.hints import Hint
from jobs.push.memory_watcher import MemoryWatcher
from jobs.push.renewal import CLAIM, Means, WatchRenewal
from jobs.streams.stream import AccountId, Channel
from sanderling.kernel.clock import SystemClock, VirtualClock
from sanderling.store import SQLAccountStore, SQLStreamStore, SQLWatchStore, open_database
from support import mortal_watching
from support.accounts import a_sealer
from support.mortal_watching import PLAN
from support.watches import Estate

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Place:
    """A database with one connected account, and its URL."""

    url: str
    estate: Estate


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest) -> AsyncGenerator[Place]:
    """Yield databases of both kinds in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    async with open_database(url) as database:
        accounts = SQLAccountStore(database, a_sealer())
        estate = Estate(accounts, SQLStreamStore(database), SQLWatchStore(database))
        await estate.connect(1, Channel.MICROSOFT_MAIL)
        yield Place(url, estate)


def arrange_and_die(place: Place, answers: Path) -> int:
    """Let a process arrange what is due, and return how it ended."""
    done = subprocess.run(
        [sys.executable, "-m", mortal_watching.__name__, place.url, answers],
        cwd=Path(mortal_watching.__file__).parents[1],
        timeout=60,
        check=False,
    )
    return done.returncode


async def test_a_kill_between_answer_and_row_is_mended(place: Place, tmp_path: Path) -> None:
    """Nobody arranges it a second time at once, and once the claim is over somebody does."""
    answers = tmp_path / "answers"
    hinted: list[Hint] = []

    ends = [arrange_and_die(place, answers) for _ in range(2)]

    assert ends[0] == -signal.SIGKILL
    # The second one found nothing to do: the first has the claim, dead as it is.
    assert (ends[1], len(answers.read_text().splitlines())) == (0, 1)
    account = AccountId("acc_1")
    [left] = await place.estate.watches.of_account(account)
    assert not left.is_held(SystemClock().now())

    clock = VirtualClock(left.next_at)
    assert clock.now() <= SystemClock().now() + CLAIM
    watcher = MemoryWatcher(clock)
    means = Means(clock, lambda: 0.5, os.urandom, hinted.append)
    watchers = {Channel.MICROSOFT_MAIL: watcher}
    await WatchRenewal(place.estate.watches, watchers, means, lambda: PLAN).renew()
    [watch] = await place.estate.watches.of_account(account)
    assert watch.is_held(clock.now())
    assert list(watcher.orders) == [watch.remote_id]
    # What changed while nobody was told is looked for.
    assert hinted == [Hint(account, Channel.MICROSOFT_MAIL)]
    # What the dead one arranged tells of nothing that is known here.
    [orphan] = answers.read_text().splitlines()
    assert await place.estate.watches.find(Channel.MICROSOFT_MAIL, orphan) is None
