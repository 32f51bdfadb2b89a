"""Sealing anew: everything that opens, once, whatever happens in between."""

import secrets

import pytest

from config.errors import SealingRefused
from config.memory import MemoryConfigStore
from config.rewrap import Rewrapped, rewrap
from config.secrets import secret_place
from config.stored import HistoryEntry, StoredBody
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.vault import AESGCMSealer, ClosedSealer, Keyring
from support.records import START

OLD = "an old secret that was in use: 1"
NEW = "the secret that came after it: 2"
SECRET = "EMAIL_SMTP_PASSWORD"
OTHER = "AUTH_GOOGLE_CLIENT_SECRET"


def sealer(secret: str, *previous: str) -> AESGCMSealer:
    """Return a sealer under these secrets."""
    return AESGCMSealer(Keyring.of(secret, previous), secrets.token_bytes)


class FailingStore(MemoryConfigStore):
    """A store that goes away after some replacements, as for a process that is killed."""

    def __init__(self, replacements: int) -> None:
        """Allow so many."""
        super().__init__(VirtualClock())
        self.left = replacements

    async def replace_body(self, old: StoredBody, new: StoredBody) -> bool:
        """Replace, or be away."""
        if not self.left:
            raise StoreUnavailableError(reason="it is away")
        self.left -= 1
        return await super().replace_body(old, new)


async def fill(store: MemoryConfigStore, revisions: int) -> None:
    """Keep so many revisions, each with two secrets under the old key and one plain value."""
    old = sealer(OLD)
    for number in range(1, revisions + 1):
        values = {
            "EMAIL_FROM_NAME": f"name {number}",
            SECRET: old.seal(f"password {number}", secret_place(SECRET)),
            OTHER: old.seal("same", secret_place(OTHER)),
        }
        entry = HistoryEntry(number, START, "operator", "")
        await store.append(StoredBody(number, values), entry)


async def opened(store: MemoryConfigStore, with_: AESGCMSealer) -> list[str]:
    """Return the password of each revision."""
    bodies = [await store.find_body(number) for number in range(1, await store.read_head() + 1)]
    return [with_.open(body.values[SECRET], secret_place(SECRET)) for body in bodies if body]


async def test_every_revision_is_sealed_anew() -> None:
    """Afterwards the old secret is not needed any more, not even to roll back."""
    store = MemoryConfigStore(VirtualClock())
    await fill(store, 3)
    told: list[Rewrapped] = []

    done = await rewrap(store, sealer(NEW, OLD), tell=told.append)

    assert done == Rewrapped(revisions=3, sealed=6)
    assert [step.revisions for step in told] == [1, 2, 3]
    assert await opened(store, sealer(NEW)) == ["password 1", "password 2", "password 3"]
    assert (await store.read_body()).values["EMAIL_FROM_NAME"] == "name 3"


async def test_a_second_run_has_nothing_to_do() -> None:
    """What is current stays as it is, to the last character."""
    store = MemoryConfigStore(VirtualClock())
    await fill(store, 2)
    await rewrap(store, sealer(NEW, OLD))
    before = await store.read_body()

    assert await rewrap(store, sealer(NEW, OLD)) == Rewrapped(revisions=2, current=4)
    assert await store.read_body() == before


async def test_a_run_that_was_cut_off_is_taken_up_again() -> None:
    """What was done stays done, nothing is torn, and the next run does the rest."""
    store = FailingStore(replacements=2)
    await fill(store, 5)
    with pytest.raises(StoreUnavailableError):
        await rewrap(store, sealer(NEW, OLD))
    assert len(await opened(store, sealer(NEW, OLD))) == 5

    store.left = 5
    done = await rewrap(store, sealer(NEW, OLD))

    assert done == Rewrapped(revisions=5, sealed=6, current=4)
    assert len(await opened(store, sealer(NEW))) == 5


async def test_what_does_not_open_is_named_and_left_alone() -> None:
    """A secret under a lost key is neither hidden nor destroyed."""
    store = MemoryConfigStore(VirtualClock())
    await fill(store, 1)
    kept = await store.read_body()

    done = await rewrap(store, sealer(NEW))

    assert done.unreadable == (f"{SECRET} in revision 1", f"{OTHER} in revision 1")
    assert done.sealed == 0
    assert await store.read_body() == kept


async def test_more_revisions_than_one_page_are_all_done() -> None:
    """History is read in pages, and none is left out."""
    store = MemoryConfigStore(VirtualClock())
    await fill(store, 203)

    assert (await rewrap(store, sealer(NEW, OLD))).revisions == 203
    assert len(await opened(store, sealer(NEW))) == 203


async def test_a_revision_made_meanwhile_is_done_as_well() -> None:
    """What it carried over from before is not left under the old key."""
    store = MemoryConfigStore(VirtualClock())
    await fill(store, 3)
    kept = await store.read_body()
    late = [StoredBody(4, kept.values), StoredBody(5, kept.values)]

    class Racing(AESGCMSealer):
        """A sealer beside which others make revisions."""

        def is_current(self, sealed: str) -> bool:
            """Let the next revision come about in between."""
            if late:
                body = late.pop(0)
                made = store.append(body, HistoryEntry(body.revision, START, "other", ""))
                with pytest.raises(StopIteration):
                    made.send(None)
            return super().is_current(sealed)

    await rewrap(store, Racing(Keyring.of(NEW, [OLD]), secrets.token_bytes))

    assert await store.read_head() == 5
    assert len(await opened(store, sealer(NEW))) == 5


async def test_without_a_key_nothing_is_sealed() -> None:
    """An instance without APP_SECRET is told so, instead of that all is well."""
    store = MemoryConfigStore(VirtualClock())
    await fill(store, 1)

    with pytest.raises(SealingRefused):
        await rewrap(store, ClosedSealer("APP_SECRET is not set"))
