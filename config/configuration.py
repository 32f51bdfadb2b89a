"""What people do with settings: look, change, go back, and wait until a change is everywhere."""

from collections.abc import Mapping
from itertools import count

import structlog

from config.acknowledgement import AcknowledgementState, SeenAcknowledgement
from config.edit import Edit, Planned, asked_of
from config.errors import (
    ConfigConflict,
    DatabaseConfigDisabled,
    HeadMoved,
    RevisionNotInForce,
    RevisionUnknown,
)
from config.layers import Layers
from config.loader import build_snapshot, is_database_read, require_whole
from config.merge import Asked, clashes, merge
from config.ports import ConfigStore, Hints, Sealer
from config.safekeeping import Safekeeping
from config.shown import ShownVariable, show
from config.snapshot import Snapshot
from config.stored import Change, HistoryEntry, StoredBody
from sanderling.kernel.clock import Clock

log = structlog.get_logger()

LIVE_WITHIN_S = 30.0
"""A process that said nothing for longer than that is taken for gone."""

_ATTEMPTS = 20
_LOOK_EVERY_S = 0.05
_SILENT_AFTER_S = 15.0
"""Longer than a process that runs lets its heartbeat wait."""


class Configuration:
    """The settings of an instance, as one process sees and changes them.

    Nothing is cached: each method reads the store, and raises `StoreUnavailableError` when that
    is away. Who may do what is decided by whoever calls.
    """

    def __init__(
        self, *, store: ConfigStore, hints: Hints, sealer: Sealer, layers: Layers, clock: Clock
    ) -> None:
        """Keep settings in `store`; `layers` is what this process found beside it."""
        self._store = store
        self._hints = hints
        self._sealer = sealer
        self._safekeeping = Safekeeping(sealer)
        self._layers = layers
        self._clock = clock

    @property
    def is_changeable(self) -> bool:
        """Claim that settings may be kept in the database."""
        return is_database_read(self._layers)

    async def describe(self) -> tuple[ShownVariable, ...]:
        """Return every variable with its value and source; secrets as fingerprints."""
        stored = await self._store.read_body() if self.is_changeable else StoredBody()
        return show(self._layers, stored.values, self._safekeeping)

    async def read_head(self) -> int:
        """Return the newest revision, which a later change may be based on."""
        return await self._store.read_head()

    async def change(self, edit: Edit) -> HistoryEntry | None:
        """Make one revision of all that is asked for; None when nothing would differ.

        Somebody else's change of other variables since the base is kept, and the whole is
        validated once more.

        Raises:
            DatabaseConfigDisabled: settings come from the environment alone.
            VariableUnknown: there is no such variable.
            EnvironmentOnlyVariable: it cannot be kept in the database.
            RevisionUnknown: the base is no revision.
            ConfigConflict: somebody else has changed one of these variables since the base.
            ConfigRejected: the whole would not be valid.
            SealingRefused: a secret cannot be sealed.
            StoreUnavailableError: the change may or may not have been made.

        """
        self._require_changeable()
        asked = asked_of(edit.values)
        head = await self._store.read_body()
        seen = head if edit.base is None else await self._body_of(edit.base)
        for attempt in count(1):
            planned = self._plan(asked, seen, head)
            if not planned.changes:
                break
            try:
                return await self._commit(planned, edit.changed_by, edit.reason)
            except HeadMoved:
                # Somebody was faster; what that one changed is looked at in the next round.
                if attempt == _ATTEMPTS:
                    raise
                head = await self._store.read_body()
        return None

    async def check(
        self, values: Mapping[str, str | None], *, base: int | None = None
    ) -> tuple[Change, ...]:
        """Return what such a change would change; nothing is kept.

        Raises:
            Refusal: as `change` would.

        """
        self._require_changeable()
        asked = asked_of(values)
        head = await self._store.read_body()
        seen = head if base is None else await self._body_of(base)
        return self._plan(asked, seen, head).changes

    async def rollback(
        self, revision: int, *, changed_by: str, reason: str = "", base: int | None = None
    ) -> HistoryEntry | None:
        """Make a new revision with the body of an old one; None when nothing would differ.

        Raises:
            DatabaseConfigDisabled: settings come from the environment alone.
            RevisionUnknown: there is no such revision.
            ConfigConflict: somebody has changed something since the base.
            HeadMoved: somebody changes something at this moment.
            ConfigRejected: the old body is not valid any more.
            StoreUnavailableError: the rollback may or may not have been made.

        """
        self._require_changeable()
        old = await self._body_of(revision)
        require_whole(old)
        head = await self._store.read_body()
        seen = head if base is None else await self._body_of(base)
        body = StoredBody(head.revision + 1, old.values)
        changes = self._safekeeping.changes(head.values, body.values)
        since = self._safekeeping.changes(seen.values, head.values)
        if since:
            names = tuple(change.name for change in since)
            both = self._safekeeping.changes_of(names, head.values, old.values)
            raise ConfigConflict(base=seen.revision, head=head.revision, conflicts=both)
        if not changes and not head.is_damaged:
            return None
        build_snapshot(self._layers, body, sealer=self._sealer)
        return await self._commit(
            Planned(head, body, changes), changed_by, reason or f"Back to revision {revision}."
        )

    async def preview(self, values: Mapping[str, str | None] | None = None) -> Snapshot:
        """Return the settings as they are stored now, with `values` where given; nothing is kept.

        Raises:
            Refusal: as `change` would, if `values` cannot be taken.

        """
        asked = asked_of(values or {})
        if asked:
            self._require_changeable()
        stored = await self._store.read_body()
        require_whole(stored)
        merged = merge(self._safekeeping.seal(asked), stored.values)
        return build_snapshot(
            self._layers, StoredBody(stored.revision, merged), sealer=self._sealer
        )

    async def history(
        self, *, limit: int = 50, before: int | None = None
    ) -> tuple[HistoryEntry, ...]:
        """Return who changed what, newest first."""
        return await self._store.list_history(limit=limit, before=before)

    async def acknowledgements(self) -> tuple[SeenAcknowledgement, ...]:
        """Return what each process said last; those older than `LIVE_WITHIN_S` may be gone."""
        return await self._store.list_acknowledgements()

    async def wait_in_force(
        self, revision: int, *, timeout_s: float
    ) -> tuple[SeenAcknowledgement, ...]:
        """Return what the live processes say once all of them run by `revision` or a newer one.

        Raises:
            RevisionUnknown: there is no such revision.
            RevisionNotInForce: a process has refused it, or the time ran out.

        """
        if not 0 <= revision <= await self._store.read_head():
            raise RevisionUnknown(revision=revision)
        until_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while True:
            words = await self._store.list_acknowledgements()
            live = tuple(word for word in words if word.age_s <= LIVE_WITHIN_S)
            behind = [word for word in live if word.acknowledgement.in_force < revision]
            if not behind:
                return live
            is_refused = any(_has_refused(word, revision) for word in behind)
            if is_refused or self._clock.monotonic_ns() >= until_ns:
                raise RevisionNotInForce(
                    revision=revision, waiting=[_told(each, revision) for each in behind]
                )
            await self._clock.wait_s(_LOOK_EVERY_S)

    def _require_changeable(self) -> None:
        if not self.is_changeable:
            raise DatabaseConfigDisabled

    async def _body_of(self, revision: int) -> StoredBody:
        body = await self._store.find_body(revision)
        if body is None:
            raise RevisionUnknown(revision=revision)
        return body

    def _plan(self, asked: Asked, seen: StoredBody, head: StoredBody) -> Planned:
        for body in (seen, head):
            require_whole(body)
        current = self._safekeeping.open(head.values)
        names = clashes(asked, self._safekeeping.open(seen.values), current)
        wanted = {name: text for name, text in asked.items() if current.get(name) != text}
        sealed = self._safekeeping.seal(wanted)
        if names:
            both = self._safekeeping.changes_of(names, head.values, sealed)
            raise ConfigConflict(base=seen.revision, head=head.revision, conflicts=both)
        body = StoredBody(head.revision + 1, merge(sealed, head.values))
        changes = self._safekeeping.changes_of(tuple(sorted(wanted)), head.values, body.values)
        if changes:
            build_snapshot(self._layers, body, sealer=self._sealer)
        return Planned(head, body, changes)

    async def _commit(self, planned: Planned, changed_by: str, reason: str) -> HistoryEntry:
        entry = HistoryEntry(
            revision=planned.body.revision,
            changed_at=self._clock.now(),
            changed_by=changed_by,
            reason=reason,
            changes=planned.changes,
        )
        await self._store.append(planned.body, entry)
        log.info("config.changed", revision=entry.revision, variables=len(entry.changes))
        await self._hints.publish(entry.revision)
        return entry


def _has_refused(word: SeenAcknowledgement, revision: int) -> bool:
    said = word.acknowledgement
    return said.state is AcknowledgementState.REFUSED and said.revision >= revision


def _told(word: SeenAcknowledgement, revision: int) -> str:
    said = word.acknowledgement
    told = f"{said.process.kind} on {said.process.host} runs by {said.in_force}"
    if word.age_s > _SILENT_AFTER_S:
        # It may have been killed; whoever reads this knows, or waits until it is taken for gone.
        told += f" and said nothing for {word.age_s:.0f} s"
    if said.revision < revision:
        # What it says of an older one is no reason why this one is not in force.
        return f"{told}, and is not done with {revision} yet"
    why = said.why.removesuffix(".")
    return f"{told}: {why}" if why else told
