"""The settings say how much a process syncs, and for how long it holds what it syncs."""

from pathlib import Path

import pytest

from config.variables import Settings
from jobs.accounts.renewal import LOOKING_S, RIGHT, RenewedTokens
from jobs.providers.http import TOTAL_TIMEOUT_S
from jobs.providers.quota import PATIENCE_S
from jobs.providers.sign_in import SIGN_IN_TIMEOUT_S
from jobs.streams.holding import SweepBounds
from jobs.streams.stream import Channel
from jobs.sync.budget import DEFAULT_BUDGET
from jobs.sync.faults import Temporary
from sanderling.kernel.clock import VirtualClock
from sanderling.store import DatabaseLimits
from sanderling.wiring.channels import read_by_works
from sanderling.wiring.sync import bounds_of
from support.tokens import a_house

TRANSACTION_S = DatabaseLimits().transaction_s


class PassingClock(VirtualClock):
    """Let time pass for whoever waits, and for nobody else."""

    async def wait_s(self, duration_s: float) -> None:
        """Move time on by that much."""
        self.advance(duration_s)


def settings(**values: object) -> Settings:
    """Return settings from these values alone."""
    return Settings.model_validate({"SANDERLING_HOME": Path("home"), **values})


def test_a_lease_is_lengthened_four_times_before_it_runs_out() -> None:
    """A look that comes late once or twice costs no lease; usually it lasts a minute."""
    usual = bounds_of(settings())
    short = bounds_of(settings(WORKER_SYNC_LEASE_MS="2000"))

    assert (usual.lease_s, usual.renew_s) == (SweepBounds().lease_s, SweepBounds().renew_s)
    assert (short.lease_s, short.renew_s) == (2.0, 0.5)


def test_a_cap_of_channels_holds_for_each_of_them() -> None:
    """Without a cap there is none."""
    assert bounds_of(settings()).per_channel == {}
    assert bounds_of(settings(WORKER_SYNC_CHANNEL_CONCURRENCY="7")).per_channel == dict.fromkeys(
        Channel, 7
    )


def test_a_slice_outlasts_the_slowest_answer() -> None:
    """A request that begins as late as may be, and goes out twice, ends before it is stopped."""
    tries_s = 2 * DEFAULT_BUDGET.seconds
    token_s = LOOKING_S + 2 * TRANSACTION_S + SIGN_IN_TIMEOUT_S

    assert bounds_of(settings()).slice_s > tries_s + PATIENCE_S + 2 * (token_s + TOTAL_TIMEOUT_S)


def test_the_right_to_renew_outlasts_the_provider() -> None:
    """No other process renews while the first one takes the right, asks, and writes."""
    assert RIGHT.total_seconds() > TRANSACTION_S + SIGN_IN_TIMEOUT_S + TRANSACTION_S


async def test_who_waits_for_a_renewal_looks_no_longer_than_told() -> None:
    """What a slice is given for it is what the looks take."""
    house, clock = await a_house(), PassingClock()
    waiting = RenewedTokens(house.store, house.sign_in, clock)
    stale = await house.tokens.access_token("acc_1")
    held = await house.store.tokens("acc_1")
    assert held is not None
    begun = clock.now()
    await house.store.claim_renewal("acc_1", version=held.version, now=begun, until=begun + RIGHT)

    with pytest.raises(Temporary):
        await waiting.refresh("acc_1", stale)

    assert (clock.now() - begun).total_seconds() == LOOKING_S


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MESSAGING_MESSAGES_GET_BATCH_SIZE", "7"),
        ("GMAIL_QUOTA_UNITS_PER_MINUTE", "15000"),
        ("GOOGLE_CALENDAR_QUOTA_REQUESTS_PER_MINUTE", "100"),
        ("MICROSOFT_GRAPH_QUOTA_REQUESTS_PER_TEN_MINUTES", "500"),
    ],
)
def test_what_works_read_is_followed(name: str, value: str) -> None:
    """A change of what slices read reaches processes that run."""
    assert read_by_works(settings()) != read_by_works(settings(**{name: value}))
