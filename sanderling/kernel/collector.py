"""How often Python looks for garbage."""

import gc

_YOUNG = 20_000
"""A page of a calendar makes thousands of objects that all live until it is kept. Python looks
after 700 by default, and so would look at each of them many times and find nothing."""
_LOADING = 100_000
"""Loading makes several hundred thousand objects that stay."""
_OLDER = 20


def load_undisturbed() -> None:
    """Search seldom from now on: a sixth of the start of a command was spent on it.

    To be called first of all. What is in no cycle is given back at once all the same.
    """
    gc.set_threshold(_LOADING, _OLDER, _OLDER)


def settle_collector() -> None:
    """Leave what was loaded so far out of every search for garbage, and search less often.

    To be called once, when a process that stays has begun. What is in no cycle is given back at
    once all the same.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
