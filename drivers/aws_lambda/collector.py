"""Removes functions that nobody needs any more, and no other ones."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.aws_lambda.blueprint import RUNNER, function_of, name_of, runner_names
from drivers.aws_lambda.control import Control, Listed, Removal
from drivers.aws_lambda.faults import Refused
from drivers.aws_lambda.settings import LambdaSettings
from drivers.port import ArtifactKey, OutcomeKind

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

    Functions whose user function is gone have no newest that stay.
    """
    wanted = {name_of(key, settings) for key in keep} | runner_names(settings)
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
        Refused: AWS would not tell or remove. One that it would not remove keeps no other, unless
            nothing can be removed at all.

    """
    listed = list(control.list_all())
    ends: defaultdict[Removal, list[str]] = defaultdict(list)
    refusal: Refused | None = None
    for name in superfluous(listed, keep, settings, now=now, grace=grace):
        try:
            ends[control.delete_ours(name)].append(name)
        except Refused as refused:
            if refused.fault.kind is OutcomeKind.MISCONFIGURED:
                raise
            refusal = refused
    if refusal is not None:
        raise refusal
    removed, gone = ends[Removal.REMOVED], ends[Removal.GONE]
    kept = len(listed) - len(removed) - len(gone)
    return Collected(tuple(removed), kept, tuple(ends[Removal.FOREIGN]))
