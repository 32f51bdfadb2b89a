"""A sweeper goes on within other bounds while it runs."""

from jobs.streams.holding import SweepBounds
from jobs.streams.stream import Channel, Phase
from support.streams import a_stream
from support.sweeping import IMPORT_JOB, MINUTELY, Bench, never, running, settle

NAMES = "abcdef"


async def _held(bench: Bench) -> int:
    return sum([(await bench.kept(name)).lease_until is not None for name in NAMES])


def _due(bench: Bench) -> list[int]:
    return [each.numbers[(Channel.GMAIL, Phase.LIST)] for each in bench.due]


async def test_more_places_are_taken_at_once_and_fewer_as_they_become_free() -> None:
    """What is held beyond the new bounds goes on, and nothing is claimed meanwhile."""
    bench = Bench()
    await bench.store.open([a_stream(name) for name in NAMES])
    sweeper = bench.sweeper(never, bounds=SweepBounds(concurrency=2, drain_s=0))

    async with running(sweeper):
        counts = [await _held(bench)]
        for places in (4, 1):
            sweeper.adapt(SweepBounds(concurrency=places, drain_s=0))
            await settle()
            await bench.pass_s(2)
            counts.append(await _held(bench))

    assert counts == [2, 4, 4]


async def test_what_is_due_beyond_the_bounds_is_told() -> None:
    """Who watches sees the backlog of the whole instance grow, and go."""
    bench = Bench()
    await bench.store.open([a_stream(name) for name in NAMES])
    sweeper = bench.sweeper(never, bounds=SweepBounds(concurrency=2, drain_s=0))

    async with running(sweeper):
        await bench.pass_s(2)
        before = _due(bench)
        sweeper.adapt(SweepBounds(drain_s=0))
        await bench.pass_s(2)

    assert (before[0], before[-1], _due(bench)[-1]) == (6, 4, 0)


async def test_lanes_that_are_turned_off_have_no_backlog() -> None:
    """What is due there is nobody's work, also when all lanes are off."""
    bench = Bench()
    await bench.store.open([a_stream(name) for name in NAMES])
    sweeper = bench.sweeper(never, bounds=SweepBounds(concurrency=2, drain_s=0))

    async with running(sweeper):
        both = bench.due[-1].numbers
        sweeper.follow({IMPORT_JOB: MINUTELY[IMPORT_JOB]})
        await settle()
        one = bench.due[-1].numbers
        sweeper.follow({})
        await settle()
        none = bench.due[-1].numbers

    assert both == {(Channel.GMAIL, Phase.LIST): 6, (Channel.GMAIL, Phase.IMPORT): 0}
    assert one == {(Channel.GMAIL, Phase.IMPORT): 0}
    assert none == {}


async def test_a_cap_of_a_channel_is_lifted_while_it_runs() -> None:
    """The cap counts over all processes, and without one all places are taken."""
    bench = Bench()
    await bench.store.open([a_stream(name) for name in NAMES])
    capped = SweepBounds(per_channel={Channel.GMAIL: 1}, drain_s=0)
    sweeper = bench.sweeper(never, bounds=capped)

    async with running(sweeper):
        before = await _held(bench)
        sweeper.adapt(SweepBounds(drain_s=0))
        await bench.pass_s(2)
        after = await _held(bench)

    assert (before, after) == (1, len(NAMES))
