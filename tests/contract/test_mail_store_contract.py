"""What every store of mail promises."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.streams.errors import LeaseLost
from jobs.sync.held import (
    Contact,
    HeldMessage,
    MailBatch,
    Place,
    Presence,
    Reason,
    Stage,
    Want,
)
from jobs.sync.items import Address
from jobs.sync.ports import MailStore
from sanderling.kernel.jsontext import InvalidJSON
from support.records import START
from support.remote import ACCOUNT, LEASE, OLD
from support.sync_stores import Kept, a_change, opened_mail

WORK = Place("work", generation=2)
OTHER = replace(ACCOUNT, id="acc_2")
ANN = Contact(Address("Ann", "ann@example.com"), START)
ODD = ("nul\0", "half \ud83d", "\\u0000", "back\\slash", "\N{SNOWMAN}", "'; DROP TABLE messages")
"""Words of providers that databases dislike, and one that looks like another one's form."""


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


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def kept(request: pytest.FixtureRequest) -> AsyncGenerator[Kept[MailStore]]:
    """Yield an empty store of each kind in turn, in which the first fence holds."""
    kind: str = request.param
    url = None if kind == "memory" else request.getfixturevalue(f"{kind}_url")
    async with opened_mail(url) as opened:
        yield opened


@pytest.fixture
def store(kept: Kept[MailStore]) -> MailStore:
    """Return the store alone."""
    return kept.store


def everything(message: HeldMessage) -> MailBatch:
    """Return a batch in which each part changes something."""
    return MailBatch(
        moved=(message,),
        wanted=(Want("w", "t", Reason.NEW),),
        places=(WORK,),
        events=(a_change(1),),
        contacts=(ANN,),
    )


async def is_empty(kept: Kept[MailStore]) -> bool:
    """Claim that nothing of `everything` was kept."""
    store = kept.store
    found = (
        await store.held(ACCOUNT.id, ["a"]),
        await store.places(ACCOUNT.id),
        await store.wanted(ACCOUNT.id, START, limit=9),
        await kept.event_ids(),
        await kept.contacts(),
    )
    return not any(found)


async def test_a_lost_lease_writes_nothing(kept: Kept[MailStore]) -> None:
    """Under an older fence a batch is refused whole."""
    with pytest.raises(LeaseLost):
        await kept.store.commit(ACCOUNT, OLD, everything(held("a")))

    assert await is_empty(kept)


async def test_an_event_that_cannot_be_kept_leaves_nothing(kept: Kept[MailStore]) -> None:
    """There is an event if, and only if, the record has changed."""
    batch = everything(held("a"))
    broken = replace(batch, events=(*batch.events, a_change(2, after="\ud800")))

    with pytest.raises(InvalidJSON):
        await kept.store.commit(ACCOUNT, LEASE, broken)

    assert await is_empty(kept)


async def test_a_batch_that_comes_twice_changes_nothing(kept: Kept[MailStore]) -> None:
    """Whoever did not hear that it was kept may write it again."""
    batch = everything(held("a"))

    for _ in range(2):
        await kept.store.commit(ACCOUNT, LEASE, batch)

    assert await kept.store.held(ACCOUNT.id, ["a"]) == {"a": held("a")}
    assert await kept.store.wanted(ACCOUNT.id, START, limit=9) == list(batch.wanted)
    assert await kept.event_ids() == ["msg_1.001"]
    assert await kept.contacts() == {"ann@example.com": "Ann"}


async def test_an_empty_batch_is_fenced_as_well(store: MailStore) -> None:
    """Nothing to write is no reason to go on under a lease that was lost."""
    await store.commit(ACCOUNT, LEASE, MailBatch())

    with pytest.raises(LeaseLost):
        await store.commit(ACCOUNT, OLD, MailBatch())


async def test_what_is_known_stays_as_it_is(kept: Kept[MailStore]) -> None:
    """The first event of an id and the first name of a contact are kept."""
    renamed = Contact(Address("Ann B.", "ann@example.com"), START)
    for events, contacts in (((1,), (ANN,)), ((1, 2, 3), (renamed,))):
        changes = tuple(map(a_change, events))
        await kept.store.commit(ACCOUNT, LEASE, MailBatch(events=changes, contacts=contacts))

    assert await kept.event_ids() == ["msg_1.001", "msg_1.002", "msg_1.003"]
    assert await kept.contacts() == {"ann@example.com": "Ann"}


async def test_what_is_kept_is_found_by_id_and_folder(store: MailStore) -> None:
    """Each account has its own; a scan's generation tells what it has not seen."""
    seen, unseen = held("a", generation=2), held("b")
    gone = replace(held("c"), presence=Presence.GONE)
    batch = MailBatch(moved=(seen, unseen, gone, held("d", folder="other")), places=(WORK,))
    await store.commit(ACCOUNT, LEASE, batch)
    await store.commit(OTHER, LEASE, MailBatch(moved=(replace(held("a"), version="9"),)))

    assert await store.held(ACCOUNT.id, ["a", "c", "x"]) == {"a": seen, "c": gone}
    assert await store.held(ACCOUNT.id, []) == {}
    assert await store.unseen(ACCOUNT.id, "work", 2) == [unseen]
    assert [each.remote_id for each in await store.unseen(ACCOUNT.id, "", 2)] == ["b", "d"]
    assert await store.count_there(ACCOUNT.id, "work") == 2
    assert await store.count_there(ACCOUNT.id, "") == 3
    assert await store.count_there(OTHER.id, "") == 1
    assert await store.count_there(ACCOUNT.id, "nowhere") == 0
    assert await store.held("acc_3", ["a"]) == {}


async def test_a_message_is_in_the_folders_that_were_said_last(store: MailStore) -> None:
    """Folders it left know it no more; a message may be in many, or in none."""
    first = replace(held("a"), folders=frozenset({"work", "later"}))
    await store.commit(ACCOUNT, LEASE, MailBatch(moved=(first, held("b"))))
    moved = replace(first, folders=frozenset({"later", "bin"}), revision=7, is_read=True)
    nowhere = replace(held("b"), folders=frozenset())
    await store.commit(ACCOUNT, LEASE, MailBatch(moved=(moved, nowhere)))

    assert await store.held(ACCOUNT.id, ["a", "b"]) == {"a": moved, "b": nowhere}
    assert await store.count_there(ACCOUNT.id, "work") == 0
    assert await store.unseen(ACCOUNT.id, "bin", 9) == [moved]


async def test_a_tombstone_stays(store: MailStore) -> None:
    """What is gone is in no list and no number, and is known for good, whatever comes."""
    gone = replace(held("a"), presence=Presence.GONE, revision=3)
    await store.commit(ACCOUNT, LEASE, MailBatch(moved=(gone,)))
    await store.commit(ACCOUNT, LEASE, MailBatch(places=(WORK,), closed=frozenset({"work"})))

    assert await store.held(ACCOUNT.id, ["a"]) == {"a": gone}
    assert await store.unseen(ACCOUNT.id, "", 9) == []
    assert await store.count_there(ACCOUNT.id, "") == 0


async def test_many_are_kept_and_found_as_few_are(store: MailStore) -> None:
    """However many there are, none is left out and they come by their ids."""
    ids = [f"m{number:04}" for number in range(1203)]
    await store.commit(ACCOUNT, LEASE, MailBatch(moved=tuple(map(held, ids))))
    await store.commit(ACCOUNT, LEASE, MailBatch(closed=frozenset(ids), done=frozenset(ids)))

    assert sorted(await store.held(ACCOUNT.id, ids)) == ids
    assert [each.remote_id for each in await store.unseen(ACCOUNT.id, "work", 2)] == ids
    assert await store.count_there(ACCOUNT.id, "work") == len(ids)


async def test_words_of_providers_come_back_to_the_character(store: MailStore) -> None:
    """Whatever a provider calls things, two names are two things."""
    ids = [*ODD, "x" * 700]
    rows = tuple(
        replace(held(each, folder=each), record_id=f"msg_{number}", thread_id=each, version=each)
        for number, each in enumerate(ids)
    )
    places = tuple(Place(each, Stage.FULL, each, each, each) for each in ids)
    wants = tuple(Want(each, each, Reason.NEW) for each in ids)
    await store.commit(ACCOUNT, LEASE, MailBatch(moved=rows, places=places, wanted=wants))

    assert await store.held(ACCOUNT.id, ids) == {each.remote_id: each for each in rows}
    assert await store.places(ACCOUNT.id) == {each.remote_id: each for each in places}
    assert set(await store.wanted(ACCOUNT.id, START, limit=99)) == set(wants)
    for row in rows:
        assert await store.unseen(ACCOUNT.id, row.remote_id, 2) == [row]
    ends = MailBatch(done=frozenset(ids), closed=frozenset(ids))
    await store.commit(ACCOUNT, LEASE, ends)
    assert await store.places(ACCOUNT.id) == {}
    assert await store.wanted(ACCOUNT.id, START, limit=99) == []


async def test_a_place_comes_back_as_it_was_kept(store: MailStore) -> None:
    """Every field survives."""
    place = Place("", Stage.INCR, "cursor", "page", "base", 2**40, True, 2**33)  # noqa: FBT003 - as the row is.
    await store.commit(ACCOUNT, LEASE, MailBatch(places=(place,)))

    assert await store.places(ACCOUNT.id) == {"": place}


async def test_places_are_kept_until_they_are_closed(store: MailStore) -> None:
    """A later place takes the place of the one before; a closed folder is forgotten."""
    await store.commit(ACCOUNT, LEASE, MailBatch(places=(WORK, Place("later"))))
    await store.commit(OTHER, LEASE, MailBatch(places=(Place("later"),)))
    after = replace(WORK, page="p2")
    await store.commit(ACCOUNT, LEASE, MailBatch(places=(after,), closed=frozenset({"later"})))

    assert await store.places(ACCOUNT.id) == {"work": after}
    assert await store.places(OTHER.id) == {"later": Place("later")}


async def test_what_is_wanted_waits_for_its_moment(store: MailStore) -> None:
    """Due ones come by thread; what is done is wanted no more."""
    later = Want("a", "t1", Reason.NEW, tries=1, not_before=START + timedelta(hours=1))
    wants = (later, Want("b", "t2", Reason.NEW), Want("c", "t1", Reason.REFRESH))
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=wants))

    due = await store.wanted(ACCOUNT.id, START, limit=9)
    earliest = await store.next_wanted_at(ACCOUNT.id)
    await store.commit(ACCOUNT, LEASE, MailBatch(done=frozenset({"b", "c"})))

    assert [each.remote_id for each in due] == ["c", "b"]
    assert earliest is not None
    assert earliest < START
    assert await store.wanted(ACCOUNT.id, START, limit=9) == []
    assert await store.next_wanted_at(ACCOUNT.id) == later.not_before
    assert await store.wanted(ACCOUNT.id, START + timedelta(hours=1), limit=9) == [later]


async def test_only_so_many_are_wanted_at_once(store: MailStore) -> None:
    """Those of one thread are beside each other, whatever their ids; accounts do not meet."""
    wants = [Want(f"m{number}", f"t{number % 2}", Reason.NEW) for number in range(6)]
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=tuple(wants)))
    await store.commit(OTHER, LEASE, MailBatch(wanted=(Want("m9", "t0", Reason.NEW),)))

    found = await store.wanted(ACCOUNT.id, START, limit=4)

    assert [each.remote_id for each in found] == ["m0", "m2", "m4", "m1"]
    assert await store.next_wanted_at("acc_3") is None


async def test_a_later_wish_takes_the_place_of_an_earlier(store: MailStore) -> None:
    """It has the thread, the tries and the moment that were said last."""
    after = Want("a", "t2", Reason.REFRESH, tries=3, not_before=START)
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=(Want("a", "t", Reason.NEW),)))
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=(after,)))

    assert await store.wanted(ACCOUNT.id, START, limit=9) == [after]


async def test_what_is_done_can_be_wanted_again(store: MailStore) -> None:
    """Within one batch what is wanted has the last word."""
    want = Want("a", "t", Reason.NEW)
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=(want,)))
    again = MailBatch(done=frozenset({"a"}), arrived=frozenset({"a"}), wanted=(want,))
    await store.commit(ACCOUNT, LEASE, again)

    assert await store.wanted(ACCOUNT.id, START, limit=9) == [want]


async def test_an_arrival_ends_a_confirmation_alone(store: MailStore) -> None:
    """Wishes for content outlive it, also when somebody wanted to confirm them meanwhile."""
    wants = (Want("a", "t", Reason.CONFIRM), Want("b", "t", Reason.REFRESH))
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=wants))
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=(Want("b", "t", Reason.CONFIRM),)))
    await store.commit(ACCOUNT, LEASE, MailBatch(arrived=frozenset({"a", "b"})))

    assert await store.wanted(ACCOUNT.id, START, limit=9) == [wants[1]]


async def test_what_is_wanted_twice_at_once_is_wanted_once(store: MailStore) -> None:
    """Within one batch the later wish takes the place of the earlier, as it does between two."""
    wants = (Want("a", "t", Reason.NEW), Want("a", "t2", Reason.CONFIRM, tries=2))
    await store.commit(ACCOUNT, LEASE, MailBatch(wanted=wants))

    assert await store.wanted(ACCOUNT.id, START, limit=9) == [Want("a", "t2", Reason.NEW, 2)]


async def test_a_confirmation_becomes_what_says_more(store: MailStore) -> None:
    """Any other reason takes its place."""
    for reason in (Reason.CONFIRM, Reason.NEW, Reason.CONFIRM, Reason.REFRESH):
        await store.commit(ACCOUNT, LEASE, MailBatch(wanted=(Want("a", "t", reason),)))

    assert await store.wanted(ACCOUNT.id, START, limit=9) == [Want("a", "t", Reason.REFRESH)]
