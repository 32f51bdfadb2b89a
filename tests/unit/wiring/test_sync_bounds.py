"""The settings say how much a process syncs, and for how long it holds what it syncs."""

from pathlib import Path

from config.variables import Settings
from jobs.streams.holding import SweepBounds
from jobs.streams.stream import Channel
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
