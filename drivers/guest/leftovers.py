"""Ends what a call of a reused function leaves behind, so that no later call meets it.

Generators are all that can still run code of the user then: their `finally` does, wherever they
are dropped. One can make another as it ends, and so on.
"""

from __future__ import annotations

import gc

from drivers.guest.language.caches import empty_caches
from drivers.guest.language.trace import FILENAME

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

_MOST_ROUNDS = 16
_GENERATES = 0x20  # CO_GENERATOR; `inspect`, which names it, is not loaded.
_Code: Any = type((lambda: None).__code__)
_Generator: Any = type(_ for _ in ())


class Leftovers:
    """Tidy up after calls of one function."""

    __slots__ = ("_has_generators",)

    def __init__(self, code: CodeType) -> None:
        """See whether the code makes generators, because looking for them takes time."""
        self._has_generators = _makes_generators(code)

    def end(self, names: dict[str, object]) -> bool:
        """Run the finalisers that user code left, inside the call that made them.

        Its deadline holds for them. The first round finds them with their globals `names` still
        there; the second takes what only globals held. Code without generators has nothing to run,
        and one round frees its memory. Return whether nothing is left.
        """
        empty_caches()
        if self._has_generators:
            gc.collect()
        names.clear()
        gc.collect()
        if not self._has_generators:
            return True
        for _ in range(_MOST_ROUNDS):
            if not _is_any_left():
                return True
            empty_caches()
            names.clear()
            gc.collect()
        return False


def _makes_generators(code: CodeType) -> bool:
    # An expression has no `finally`, and no function can have its name.
    if code.co_flags & _GENERATES and code.co_name != "<genexpr>":
        return True
    parts: tuple[Any, ...] = code.co_consts
    return any(_makes_generators(part) for part in parts if type(part) is _Code)


def _is_any_left() -> bool:
    there: list[Any] = gc.get_objects()
    return any(type(each) is _Generator and each.gi_code.co_filename == FILENAME for each in there)
