"""What the driver keeps is bounded."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.boundedcache import BoundedCache
from drivers.local.budget import MemoryBudget


@given(
    puts=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40))),
    items=st.integers(1, 5),
    size_bytes=st.integers(1, 60),
)
def test_a_cache_stays_within_its_bounds(
    puts: list[tuple[int, int]], items: int, size_bytes: int
) -> None:
    """Neither count nor bytes ever pass their bound, and the bytes are those of what is held."""
    cache: BoundedCache[int, int] = BoundedCache(items=items, size_bytes=size_bytes)
    for key, size in puts:
        cache.put(key, size, size_bytes=size)

        assert len(cache) <= items
        assert cache.size_bytes <= size_bytes
        assert cache.size_bytes == sum(cache.get(held) or 0 for held in range(10))


def test_a_cache_forgets_what_was_used_least_recently() -> None:
    """Reading counts as use."""
    cache: BoundedCache[str, int] = BoundedCache(items=2, size_bytes=100)
    cache.put("a", 1, size_bytes=1)
    cache.put("b", 2, size_bytes=1)
    cache.get("a")

    cache.put("c", 3, size_bytes=1)

    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    assert cache.pop("a") == 1
    assert cache.pop("a") is None


@given(asks=st.lists(st.integers(1, 50)), total=st.integers(1, 120))
def test_a_budget_is_never_overdrawn(asks: list[int], total: int) -> None:
    """What is given out never adds up to more than the total."""
    budget = MemoryBudget(total)
    given_out = [ask for ask in asks if budget.reserve(ask)]

    assert budget.reserved_bytes == sum(given_out) <= total
    for ask in given_out:
        budget.free(ask)
    assert budget.reserved_bytes == 0


def test_who_makes_room_for_itself_is_not_told_of_it_from_within() -> None:
    """Thousands of workers can be ended for one caller without a call inside a call for each."""
    budget = MemoryBudget(5000)
    assert budget.reserve(5000)
    depths: list[int] = []
    depth = 0

    def make_room() -> None:
        nonlocal depth
        depth += 1
        depths.append(depth)
        while budget.reserved_bytes > 0:
            budget.free(1)
        depth -= 1

    budget.watch(make_room)
    budget.free(1)

    assert depths == [1]
    assert budget.reserved_bytes == 0
