"""Which streams of an account are followed next, and what becomes of one at the end of a scan."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from jobs.sync.held import Place, Stage

FEW = 10
"""So many items may vanish at once without a second look."""


def current_round(places: Collection[Place]) -> int:
    """Return the round that is under way, or a new one when all streams are at the same."""
    rounds = {place.round for place in places}
    return max(rounds, default=0) + (1 if len(rounds) <= 1 else 0)


def wanted_places(places: Mapping[str, Place], ids: Collection[str]) -> dict[str, Place]:
    """Return how far these streams are; new ones are at their beginning."""
    return {each: places.get(each) or Place(each) for each in ids}


def begun(place: Place, base: str | None) -> Place:
    """Return a stream at the beginning of a new scan."""
    return replace(place, stage=Stage.FULL, page=None, base=base, generation=place.generation + 1)


def expired(place: Place) -> Place:
    """Return a stream that is to be scanned anew; nothing that is kept is touched.

    The cursor that expired stays until the scan has ended: whatever was kept by then is known but
    for what changed meanwhile.
    """
    return replace(place, stage=Stage.NEW, page=None, base=None)


def reopened(place: Place) -> Place:
    """Return a stream that is to be scanned as if nothing of it were known."""
    return replace(expired(place), cursor=None)


def followed(place: Place, cursor: str, round_: int) -> Place:
    """Return a stream that was followed to its end in this round."""
    return replace(
        place,
        stage=Stage.INCR,
        cursor=cursor,
        page=None,
        base=None,
        is_confirming=False,
        round=round_,
    )


def is_wipe(place: Place, *, unseen: int, there: int) -> bool:
    """Claim that a scan would remove so much that a second one is to confirm it."""
    return not place.is_confirming and unseen > FEW and unseen * 2 > there


def doubted(place: Place) -> Place:
    """Return a stream that is scanned a second time before most of it is removed."""
    return replace(expired(place), is_confirming=True)
