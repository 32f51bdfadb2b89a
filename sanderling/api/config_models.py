"""Settings as they look over HTTP."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from config.acknowledgement import AcknowledgementState, SeenAcknowledgement
from config.declaration import Group, Kind, Unit
from config.shown import ShownVariable
from config.snapshot import Source
from config.stored import Change, HistoryEntry
from config.trials import TRIAL_MEANINGS, TrialName, TrialResult, Trials
from sanderling.api.function_models import Asked, Shown

MAX_REASON = 500

AskedValue = str | bool | int | float | list[str] | None
Values = Annotated[
    dict[str, AskedValue],
    Field(
        description=(
            "Names or aliases to values, as text or as JSON; null takes a variable out of the "
            "database."
        )
    ),
]
Base = Annotated[
    int | None,
    Field(
        ge=0,
        le=2**53,
        description="The revision that you were looking at; without it, the newest one.",
    ),
]
Reason = Annotated[str, Field(max_length=MAX_REASON, description="Why; kept in the history.")]
Revision = Annotated[int, Field(ge=0, description="0 before the first change.")]


class AskedValues(Asked):
    """Several settings, to look at or to try."""

    values: Values
    base: Base = None

    def texts(self) -> dict[str, str | None]:
        """Return the values as raw texts."""
        return {name: _text(value) for name, value in self.values.items()}


class AskedRevision(AskedValues):
    """Several settings that change together, all of them or none."""

    reason: Reason = ""


class AskedTrial(Asked):
    """Settings to try in place of those that are in force; nothing is kept."""

    values: Values = Field(default_factory=dict[str, AskedValue])

    def texts(self) -> dict[str, str | None]:
        """Return the values as raw texts."""
        return {name: _text(value) for name, value in self.values.items()}


class AskedConfigRollback(Asked):
    """The revision whose settings are to be in force again."""

    revision: Annotated[int, Field(ge=0, le=2**53)]
    base: Base = None
    reason: Reason = ""


def _text(value: AskedValue) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case list():
            return json.dumps(value)
        case _:
            return str(value)


class VariableShown(Shown):
    """A variable; `value` is null where there is none and for secrets.

    A secret that is set has a `fingerprint`, which is the same for the same secret. `hides` is
    another place that has a different value, which does not count.
    """

    name: str
    aliases: list[str]
    group: Group
    kind: Kind
    unit: Unit | None
    words: list[str]
    description: str
    default: str | None
    value: str | None
    is_set: bool
    fingerprint: str | None
    source: Source
    hides: Source | None
    is_sensitive: bool
    is_env_only: bool
    needs_restart: bool
    is_planned: bool

    @classmethod
    def of(cls, shown: ShownVariable) -> Self:
        """Return what is shown of a variable."""
        variable = shown.variable
        return cls(
            name=variable.name,
            aliases=list(variable.names[1:]),
            group=variable.group,
            kind=variable.kind,
            unit=variable.unit,
            words=list(variable.words),
            description=variable.description,
            default=None if variable.is_sensitive else variable.default_text or None,
            value=shown.text or None,
            is_set=shown.is_set,
            fingerprint=shown.fingerprint,
            source=shown.source,
            hides=shown.hides,
            is_sensitive=variable.is_sensitive,
            is_env_only=variable.is_env_only,
            needs_restart=variable.needs_restart,
            is_planned=variable.is_planned,
        )


class ConfigShown(Shown):
    """Every variable, by group; base a change on `revision`."""

    revision: Revision
    is_changeable: bool
    items: list[VariableShown]

    @classmethod
    def of(cls, revision: int, shown: Sequence[ShownVariable], *, is_changeable: bool) -> Self:
        """Return what is shown of all variables."""
        items = list(map(VariableShown.of, shown))
        return cls(revision=revision, is_changeable=is_changeable, items=items)


class ChangeShown(Shown):
    """One variable in a change; a secret is shown as its fingerprint, null is nothing stored."""

    name: str
    before: str | None
    after: str | None

    @classmethod
    def of(cls, change: Change) -> Self:
        """Return what is shown of a change."""
        return cls(name=change.name, before=change.before, after=change.after)


class ChangesShown(Shown):
    """What would change."""

    changes: list[ChangeShown]

    @classmethod
    def of(cls, changes: Sequence[Change]) -> Self:
        """Return what is shown of changes."""
        return cls(changes=list(map(ChangeShown.of, changes)))


class RevisionShown(Shown):
    """One revision: who made it, when, why, and what changed against the one before."""

    revision: Annotated[int, Field(ge=1)]
    changed_at: datetime
    changed_by: str
    reason: str
    changes: list[ChangeShown]

    @classmethod
    def of(cls, entry: HistoryEntry) -> Self:
        """Return what is shown of a revision."""
        return cls(
            revision=entry.revision,
            changed_at=entry.changed_at,
            changed_by=entry.changed_by,
            reason=entry.reason,
            changes=list(map(ChangeShown.of, entry.changes)),
        )


class ChangeMade(Shown):
    """What came of a change: the newest revision, and the one that was made, null without one."""

    revision: Revision
    made: RevisionShown | None

    @classmethod
    def of(cls, entry: HistoryEntry | None, *, head: int) -> Self:
        """Return what is shown of a change; `head` counts where none was made."""
        if entry is None:
            return cls(revision=head, made=None)
        return cls(revision=entry.revision, made=RevisionShown.of(entry))


class RevisionPage(Shown):
    """Revisions, newest first; `next_before` continues after them and is null at the end."""

    items: list[RevisionShown]
    next_before: int | None

    @classmethod
    def of(cls, entries: Sequence[HistoryEntry], limit: int) -> Self:
        """Return a page of `limit` items; one more than that means that there is a next page."""
        items = list(map(RevisionShown.of, entries[:limit]))
        return cls(items=items, next_before=items[-1].revision if len(entries) > limit else None)


class ProcessShown(Shown):
    """What a process says: it has seen `revision`, and runs by `in_force`.

    `why` tells why a revision was refused, or what waits for a restart.
    """

    id: str
    kind: str
    host: str
    revision: Revision
    state: AcknowledgementState
    in_force: Revision
    why: str
    seen_at: datetime
    age_s: float

    @classmethod
    def of(cls, word: SeenAcknowledgement) -> Self:
        """Return what is shown of a process."""
        said = word.acknowledgement
        return cls(
            id=said.process.id,
            kind=said.process.kind,
            host=said.process.host,
            revision=said.revision,
            state=said.state,
            in_force=said.in_force,
            why=said.why,
            seen_at=word.seen_at,
            age_s=word.age_s,
        )


class ProcessList(Shown):
    """Every process that runs, by kind, host and id."""

    items: list[ProcessShown]

    @classmethod
    def of(cls, words: Sequence[SeenAcknowledgement]) -> Self:
        """Return what is shown of processes."""
        return cls(items=list(map(ProcessShown.of, words)))


class TrialShown(Shown):
    """Something that can be tried; `is_available` says whether this release can."""

    name: TrialName
    meaning: str
    is_available: bool


class TrialList(Shown):
    """Every trial."""

    items: list[TrialShown]

    @classmethod
    def of(cls, trials: Trials) -> Self:
        """Return every trial with whether it can be run."""
        meanings: Mapping[TrialName, str] = TRIAL_MEANINGS
        return cls(
            items=[
                TrialShown(name=name, meaning=meaning, is_available=trials.is_available(name))
                for name, meaning in meanings.items()
            ]
        )


class TrialResultShown(Shown):
    """How a trial went."""

    name: TrialName
    is_ok: bool
    detail: str
    duration_ms: float

    @classmethod
    def of(cls, result: TrialResult) -> Self:
        """Return what is shown of a result."""
        return cls(
            name=result.name,
            is_ok=result.is_ok,
            detail=result.detail,
            duration_ms=round(result.duration_s * 1000, 3),
        )
