"""The order of triggers: among those that take a request, the first one gets it."""

from sanderling.kernel.ids import TriggerId


def moved(
    order: list[TriggerId], trigger_id: TriggerId, before: TriggerId | None
) -> list[TriggerId] | None:
    """Return `order` with one id just before another, or at the end; None when one is missing."""
    if trigger_id not in order or (before is not None and before not in order):
        return None
    if trigger_id == before:
        return order
    rest = [one for one in order if one != trigger_id]
    at = len(rest) if before is None else rest.index(before)
    return [*rest[:at], trigger_id, *rest[at:]]
