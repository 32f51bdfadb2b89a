"""Mail that cannot be read is kept with a word on it, and holds no other mail up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.streams.stream import Lease, StreamId
from jobs.sync.budget import SliceEnd
from jobs.sync.mail import MailSync
from jobs.sync.memory_mail import MemoryFolderMail, MemoryMail, MemoryMailProviders
from jobs.sync.memory_store import MemoryMailStore
from jobs.sync.provider import MailProviders
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import VirtualClock
from support.hostile_mail import ABYSS, Nested, letters, patience
from support.remote import foldered_mailbox, whole_mailbox
from support.simulated import letter
from support.simulated_account import ACCOUNT, BRANDS, SimulatedAccount

_POLICY = MailPolicy(excludes_groups=False, excludes_non_professional=False)


async def synced(providers: MailProviders, store: MemoryMailStore, clock: VirtualClock) -> SliceEnd:
    """Sync until nothing is left, which takes a bounded number of slices; return the last."""
    sync = MailSync(providers, store, clock, lambda: 0.5)
    lease = Lease(StreamId("str_1"), "worker", 1, clock.now() + timedelta(hours=1))
    end = SliceEnd(is_done=False, requests=0, items=0, commits=0)
    for work in (sync.list_changes, sync.fetch_wanted):
        for _ in range(20):
            end = await work(ACCOUNT, lease, _POLICY)
            assert end.fault is None
            if end.is_done:
                break
        else:
            raise AssertionError("it does not come to an end")
    return end


@pytest.mark.slow
@pytest.mark.parametrize("brand", BRANDS)
async def test_hostile_mail_does_not_hold_up_other_mail(brand: str) -> None:
    """All of it is kept, what follows comes as well, and then nothing is wanted any more."""
    account = SimulatedAccount(brand, Nested)
    box, store = account.person.mailbox, MemoryMailStore(lambda _: True)
    inbox = frozenset({"INBOX" if brand == "google" else "inbox"})
    for hostile in letters().values():
        box.add(hostile, places=inbox)
    box.add(letter("Afterwards"), places=inbox)

    with patience():
        end = await synced(account.mail(), store, account.clock)
        box.add(letter("And later"), places=inbox)
        end = await synced(account.mail(), store, account.clock)

    kept = [each.message for each in store.live(ACCOUNT.id).values()]
    assert len(kept) == len(box.mails)
    assert {"Afterwards", "And later"} <= {each.subject for each in kept}
    assert [each.subject for each in kept if each.parse_error] == [""]
    assert not any(ABYSS in each.subject for each in kept)
    assert end.resume_at is None


@pytest.mark.parametrize("kind", [MemoryMail, MemoryFolderMail])
async def test_a_message_with_a_parse_error_is_kept_like_others(kind: type[MemoryMail]) -> None:
    """It is announced, it moves, and it goes, although nobody could read it."""
    mailbox = whole_mailbox() if kind is MemoryMail else foldered_mailbox()
    store, clock = MemoryMailStore(lambda _: True), VirtualClock()
    providers = MemoryMailProviders({ACCOUNT.id: kind(mailbox)})
    broken = mailbox.add(folders=frozenset({"inbox"}))
    mailbox.put(replace(mailbox.messages[broken], text="", parse_error="it has no end"))
    whole = mailbox.add(folders=frozenset({"inbox"}))

    await synced(providers, store, clock)
    kept = store.live(ACCOUNT.id)
    assert {each: kept[each].message.parse_error for each in kept} == {
        broken: "it has no end",
        whole: None,
    }
    mailbox.move(broken, to=frozenset({"work"}))
    await synced(providers, store, clock)
    assert store.live(ACCOUNT.id)[broken].held.folders == {"work"}
    mailbox.delete(broken)
    await synced(providers, store, clock)

    assert set(store.live(ACCOUNT.id)) == {whole}
