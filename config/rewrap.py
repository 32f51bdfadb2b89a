"""Seals the settings that are stored anew, under the key in force."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

from config.catalogue import BY_NAME
from config.errors import SecretUnreadableError
from config.ports import ConfigStore, Sealer
from config.secrets import secret_place
from config.stored import NOTHING_STORED, StoredBody

_PAGE = 100
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What there was to do: secrets sealed anew, those that were current, those that stay shut.

    `unreadable` names them as `NAME in revision 7`; nothing was done to them. `accounts` counts
    those whose tokens were looked at.
    """

    revisions: int = 0
    sealed: int = 0
    current: int = 0
    unreadable: tuple[str, ...] = ()
    accounts: int = 0

    def plus(self, other: "Rewrapped") -> "Rewrapped":
        """Return both together."""
        return Rewrapped(
            self.revisions + other.revisions,
            self.sealed + other.sealed,
            self.current + other.current,
            (*self.unreadable, *other.unreadable),
            self.accounts + other.accounts,
        )


async def rewrap(
    store: ConfigStore, sealer: Sealer, *, tell: Callable[[Rewrapped], None] = lambda _: None
) -> Rewrapped:
    """Seal the secrets of every revision with the key in force, from the newest to the first.

    Each revision is one step that is done whole or not at all: whoever is killed in between
    leaves nothing torn, and a second run goes on where the first one stopped. A revision that is
    made meanwhile may carry over what was not sealed anew yet, so those are done as well. `tell`
    gets the counts after each revision.

    Raises:
        SealingRefused: there is no key in force.
        StoreUnavailableError: the database is away; what was done stays done.

    """
    _require_key(sealer)
    done, lowest = Rewrapped(), NOTHING_STORED
    while (head := await store.read_head()) > lowest:
        async for revision in _downwards(store, above=lowest):
            done = done.plus(await _rewrap_revision(store, sealer, revision))
            tell(done)
        lowest = head
    return done


async def _downwards(store: ConfigStore, *, above: int) -> AsyncGenerator[int]:
    before: int | None = None
    while entries := await store.list_history(limit=_PAGE, before=before):
        for entry in entries:
            if entry.revision <= above:
                return
            before = entry.revision
            yield before


async def _rewrap_revision(store: ConfigStore, sealer: Sealer, revision: int) -> Rewrapped:
    for _ in range(_ATTEMPTS):
        old = await store.find_body(revision) or StoredBody(NOTHING_STORED)
        new, counts = _resealed(old, sealer)
        if not counts.sealed or await store.replace_body(old, new):
            return counts
    # Only another rewrap changes a body, and it leaves nothing to do.
    return Rewrapped(revisions=1)


def _resealed(old: StoredBody, sealer: Sealer) -> tuple[StoredBody, Rewrapped]:
    values = dict(old.values)
    sealed = current = 0
    unreadable: list[str] = []
    for name, text in old.values.items():
        if name not in BY_NAME or not BY_NAME[name].is_sensitive:
            continue
        place = secret_place(name)
        try:
            value = sealer.open(text, place)
        except SecretUnreadableError:
            unreadable.append(f"{name} in revision {old.revision}")
            continue
        if sealer.is_current(text):
            current += 1
        else:
            values[name] = sealer.seal(value, place)
            sealed += 1
    counts = Rewrapped(1, sealed, current, tuple(unreadable))
    return replace(old, values=values), counts


def _require_key(sealer: Sealer) -> None:
    # Without a key nothing opens either, and each secret would look like a lost one.
    sealer.fingerprint("", secret_place(""))
