"""What every store of mail promises."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.streams.errors import LeaseLost
from jobs.sync.held import HeldMessage, MailBatch, Place, Presence, Reason, Want
from jobs.sync.memory_store import MemoryMailStore
from support.records import START
from support.remote import ACCOUNT, LEASE, OLD

WORK = Place("work", generation=2)


def held(remote_id: str, *, folder: str = "work", generation: int = 1) -> HeldMessage:
    """Return a message that is hidden, so that it needs no content."""
    return HeldMessage(
        record_id=f"msg_{remote_id}",
        remote_id=remote_id,
        thread_id="t",
        version="1",
        folders=frozenset({folder}),
        is_read=False,
        presence=Presence.HIDDEN,
        generation=generation,
        revision=0,
    )


@pytest.fixture
def store() -> MemoryMailStore:
    """Return an empty store in which the first fence holds."""
    return MemoryMailStore(lambda lease: lease.fence == LEASE.fence)


async def test_a_lost_lease_writes_nothing(store: MemoryMailStore) -> None:
    """Under an older fence a batch is refused whole."""
    with pytest.raises(LeaseLost):
        await store.commit(ACCOUNT, OLD, MailBatch(moved=(held("a"),), places=(WORK,)))

    assert await store.held(ACCOUNT.id, ["a"]) == {}
    assert await store.places(ACCOUNT.id) == {}


async def test_what_is_kept_is_found_by_id_and_folder(store: MemoryMailStore) -> None:
    """Each account has its own; a scan's generation tells what it has not seen."""
    seen, unseen = held("a", generation=2), held("b")
    gone = replace(held("c"), presence=Presence.GONE)
    batch = MailBatch(moved=(seen, unseen, gone, held("d", folder="other")), places=(WORK,))
    await store.commit(ACCOUNT, LEASE, batch)

    assert await store.held(ACCOUNT.id, ["a", "c", "x"]) == {"a": seen, "c": gone}
    assert await store.unseen(ACCOUNT.id, "work", 2) == [unseen]
    assert [each.remote_id for each in await store.unseen(ACCOUNT.id, "", 2)] == ["b", "d"]
    assert await store.count_there(ACCOUNT.id, "work") == 2
    assert await store.held("acc_2", ["a"]) == {}


async def test_places_are_kept_until_they_are_closed(store: MemoryMailStore) -> None:
    """A later place takes the place of the one before; a closed folder is forgotten."""
    await store.commit(ACCOUNT, LEASE, MailBatch(places=(WORK, Place("later"))))
    after = replace(WORK, page="p2")
    await store.commit(ACCOUNT, LEASE, MailBatch(places=(after,), closed=frozenset({"later"})))

    assert await store.places(ACCOUNT.id) == {"work": after}


async def test_what_is_wanted_waits_for_its_moment(store: MemoryMailStore) -> None:
    """Due ones come by thread; what is done is wanted no more."""
    later = Want("a", "t1", Reason.NEW, tries=1, not_before=START + timedelta(hours=1))
    wants = (later, Want("b", "t2", Reason.NEW), Want("c", "t1", Reason.REFRESH))
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=wants))

    due = await store.wanted(ACCOUNT.id, START, limit=9)
    await store.commit(ACCOUNT, LEASE, MailBatch(done=frozenset({"b", "c"})))

    assert [each.remote_id for each in due] == ["c", "b"]
    assert await store.wanted(ACCOUNT.id, START, limit=9) == []
    assert await store.next_wanted_at(ACCOUNT.id) == later.not_before
    assert await store.wanted(ACCOUNT.id, START + timedelta(hours=2), limit=9) == [later]


async def test_an_arrival_ends_a_confirmation_alone(store: MemoryMailStore) -> None:
    """Wishes for content outlive it, also when somebody wanted to confirm them meanwhile."""
    wants = (Want("a", "t", Reason.CONFIRM), Want("b", "t", Reason.REFRESH))
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=wants))
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=(Want("b", "t", Reason.CONFIRM),)))
    await store.commit(ACCOUNT, LEASE, MailBatch(arrived=frozenset({"a", "b"})))

    assert await store.wanted(ACCOUNT.id, START, limit=9) == [wants[1]]
