"""Iteration and functions on functions: itertools, functools, operator, heapq, bisect."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable
from types import FunctionType

from drivers.guest.language.attributes import read_named
from drivers.guest.language.classes import is_guest_class
from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import facade_of
from drivers.guest.language.tables import allow
from drivers.guest.language.trace import FILENAME

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any

_ITERTOOLS = (
    "accumulate batched chain combinations combinations_with_replacement compress count cycle "
    "dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile "
    "tee zip_longest"
)
_OPERATOR = (
    "abs add and_ concat contains countOf eq floordiv ge getitem gt index indexOf inv invert is_ "
    "is_not itemgetter le length_hint lshift lt matmul mod mul ne neg not_ or_ pos pow rshift sub "
    "truediv truth xor"
)
_HEAPQ = "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest"
_BISECT = "bisect bisect_left bisect_right insort insort_left insort_right"
_Getter = Callable[[object], object]


def _itertools() -> Facade:
    allow(itertools.chain, "from_iterable", known=False)
    return facade_of(itertools, _ITERTOOLS)


def _functools() -> Facade:
    allow(functools.partial, "args func keywords", known=False)
    cached = functools.lru_cache(maxsize=1)(int)
    allow(type(cached), "cache_clear cache_info cache_parameters", known=False)
    allow(type(cached.cache_info()), "currsize hits maxsize misses", known=False)
    return facade_of(
        functools,
        "cache cached_property cmp_to_key lru_cache partial reduce",
        total_ordering=_total_ordering,
        wraps=_wraps,
    )


def _wraps(wrapped: object) -> Callable[[object], object]:
    """Copy the name and the text of a function; the real one sets any attribute it is given."""

    def decorate(wrapper: object) -> object:
        # A function of ours is shared by all calls: its name stays.
        if (
            type(wrapper) is FunctionType
            and type(wrapped) is FunctionType
            and wrapper.__code__.co_filename == FILENAME
        ):
            wrapper.__name__ = wrapped.__name__
            wrapper.__qualname__ = wrapped.__qualname__
            wrapper.__doc__ = wrapped.__doc__
        return wrapper

    return decorate


def _total_ordering(cls: Any) -> object:
    if not is_guest_class(cls):
        raise TypeError("total_ordering() decorates classes")
    return functools.total_ordering(cls)


def _operator() -> Facade:
    # These two read attributes, so they must go through the wall.
    return facade_of(operator, _OPERATOR, attrgetter=_attrgetter, methodcaller=_methodcaller)


def _attrgetter(*names: str) -> _Getter:
    paths = [_path(name) for name in names]
    if len(paths) == 1:
        return lambda ob: _followed(ob, paths[0])
    return lambda ob: tuple(_followed(ob, path) for path in paths)


def _path(name: str) -> list[str]:
    if type(name) is not str:
        raise TypeError("attribute name must be a string")
    return name.split(".")


def _followed(ob: object, path: list[str]) -> object:
    for name in path:
        ob = read_named(ob, name)
    return ob


def _methodcaller(name: str, /, *args: object, **kwargs: object) -> _Getter:
    def call(ob: object) -> object:
        method = read_named(ob, name)
        if not callable(method):
            raise TypeError(f"{name!r} is not callable")
        return method(*args, **kwargs)

    return call


def _heapq() -> Facade:
    import heapq  # noqa: PLC0415 - loaded only where its facade is wanted

    return facade_of(heapq, _HEAPQ)


def _bisect() -> Facade:
    import bisect  # noqa: PLC0415 - loaded only where its facade is wanted

    return facade_of(bisect, _BISECT)


BUILDERS = {
    "bisect": _bisect,
    "functools": _functools,
    "heapq": _heapq,
    "itertools": _itertools,
    "operator": _operator,
}
