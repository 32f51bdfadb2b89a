"""The settings say how much a process syncs, and for how long it holds what it syncs."""

from pathlib import Path

import pytest

from config.variables import Settings
from jobs.accounts.renewal import RIGHT
from jobs.providers.http import TOTAL_TIMEOUT_S
from jobs.providers.sign_in import SIGN_IN_TIMEOUT_S
from jobs.streams.holding import SweepBounds
from jobs.streams.stream import Channel
from jobs.sync.budget import DEFAULT_BUDGET
from sanderling.wiring.channels import read_by_works
from sanderling.wiring.sync import bounds_of


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

    assert bounds_of(settings()).slice_s > tries_s + 2 * TOTAL_TIMEOUT_S + 2 * SIGN_IN_TIMEOUT_S


def test_the_right_to_renew_outlasts_the_provider() -> None:
    """No other process renews while the first one waits for its answer."""
    assert RIGHT.total_seconds() > SIGN_IN_TIMEOUT_S


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
