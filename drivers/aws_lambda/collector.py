"""Removes functions that nobody needs any more, and no other ones."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.aws_lambda.blueprint import RUNNER, function_of, name_of
from drivers.aws_lambda.control import Control, Listed
from drivers.aws_lambda.settings import LambdaSettings
from drivers.port import ArtifactKey

KEPT_OF_EACH = 3
"""How many of the newest functions of one user function stay, whatever references them."""

GRACE = timedelta(days=7)
"""How old a function has to be before it is removed: nobody is about to call it any more."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did; `foreign` have a name like ours and not our tags, and were left."""

    removed: tuple[str, ...]
    kept: int
    foreign: tuple[str, ...]


def superfluous(
    listed: Iterable[Listed],
    keep: Collection[ArtifactKey],
    settings: LambdaSettings,
    *,
    now: datetime,
    grace: timedelta = GRACE,
) -> list[str]:
    """Return the names that nothing needs: not referenced, old, and not among the newest of each.

    Functions whose user function is gone have no newest that stay, and neither has the runner.
    """
    wanted = {name_of(key, settings) for key in keep}
    known = {key.function_id for key in keep}
    groups: defaultdict[str, list[Listed]] = defaultdict(list)
    for each in listed:
        function = function_of(each.name, settings)
        if function is not None and each.made_at is not None:
            groups[function].append(each)
    found: list[str] = []
    for function, members in groups.items():
        members.sort(key=lambda each: each.made_at or now, reverse=True)
        spared = KEPT_OF_EACH if function in known or function == RUNNER else 0
        found += [
            each.name
            for each in members[spared:]
            if each.name not in wanted and each.made_at is not None and now - each.made_at >= grace
        ]
    return found


def collect(
    control: Control,
    keep: Collection[ArtifactKey],
    settings: LambdaSettings,
    *,
    now: datetime,
    grace: timedelta = GRACE,
) -> Collected:
    """Look at every function of the namespace and remove what is superfluous.

    Raises:
        Refused: AWS would not tell or remove; what was removed so far stays removed.

    """
    listed = list(control.list_all())
    removed: list[str] = []
    foreign: list[str] = []
    for name in superfluous(listed, keep, settings, now=now, grace=grace):
        (removed if control.delete_ours(name) else foreign).append(name)
    return Collected(tuple(removed), len(listed) - len(removed), tuple(foreign))
