"""Containers: collections, collections.abc, copy."""

import collections
import collections.abc
from collections.abc import Callable

from drivers.guest.language.classes import is_guest_class
from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import facade_of, pick
from drivers.guest.language.facades.records import namedtuple
from drivers.guest.language.tables import ALLOWED, KNOWN, allow

_ABC = (
    "Callable Collection Container Generator Hashable ItemsView Iterable Iterator KeysView "
    "Mapping MappingView MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized "
    "ValuesView"
)
_DEQUE = (
    "append appendleft clear copy count extend extendleft index insert maxlen pop popleft remove "
    "reverse rotate"
)
_CHAIN = "clear copy get items keys maps new_child parents pop popitem setdefault update values"


def _collections() -> Facade:
    mapping = " ".join(ALLOWED[dict])
    allow(collections.Counter, f"{mapping} elements most_common subtract total", items=True)
    allow(collections.defaultdict, f"{mapping} default_factory", items=True)
    allow(collections.OrderedDict, f"{mapping} move_to_end", items=True)
    allow(collections.deque, _DEQUE, items=True)
    allow(collections.ChainMap, _CHAIN, items=True)
    return facade_of(
        collections,
        "ChainMap Counter OrderedDict defaultdict deque",
        abc=_collections_abc(),
        namedtuple=namedtuple,
    )


def _collections_abc() -> Facade:
    return Facade("collections.abc", pick(collections.abc, _ABC))


def _copy() -> Facade:
    import copy  # noqa: PLC0415 - loaded only where its facade is wanted

    def guarded(function: Callable[[object], object]) -> Callable[[object], object]:
        def call(x: object, /) -> object:
            kind = type(x)
            if kind not in KNOWN and not is_guest_class(kind):
                raise TypeError(f"{kind.__name__!r} objects cannot be copied here")
            return function(x)

        return call

    def deep(x: object) -> object:
        return copy.deepcopy(x)  # Without the memo, into which user code could put answers.

    return Facade(
        "copy",
        {"Error": copy.Error, "copy": guarded(copy.copy), "deepcopy": guarded(deep)},
    )


BUILDERS = {
    "collections": _collections,
    "collections.abc": _collections_abc,
    "copy": _copy,
}
