"""A server fetches attachments from providers, without a worker in its process."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.layers import Layers
from config.loader import build_snapshot
from jobs.accounts.account import AccountStatus, Provider
from jobs.accounts.attachments import Attachments
from jobs.accounts.errors import AccountStopped, AttachmentUnknown, ProviderAway, ProviderDisabled
from jobs.providers.google.methods import ATTACHMENT, MESSAGE
from jobs.sync.records import MessageRecord
from sanderling.kernel.clock import SystemClock, VirtualClock
from sanderling.metering.gcra import MemoryLimiter
from sanderling.metering.ports import Admission, Rule
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.mail import Correspondent, Genre, Letter, MailFile
from sanderling.store import SQLSyncRecords
from sanderling.wiring import open_runtime
from sanderling.wiring.channels import Reach
from sanderling.wiring.configuration import label_process
from sanderling.wiring.foundation import open_foundation
from sanderling.wiring.mailboxes import build_attachments, open_mailboxes
from sanderling.wiring.sign_ins import open_sign_ins
from support.synced import ADA, Synced, synced
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FILES = (
    MailFile("report.pdf", "application/pdf", 300_000),
    MailFile("../.evil\u202e.html", "text/html", 7),
)


@asynccontextmanager
async def serving(here: Synced, **settings: str) -> AsyncGenerator[Attachments]:
    """Yield what a server fetches attachments with, which does nothing in the background."""
    layers = Layers(
        arguments={"SANDERLING_HOME": str(here.home)}, environment={**here.settings, **settings}
    )
    opening = open_runtime(
        build_snapshot(layers, rules=()),
        process="test",
        label=label_process("serve"),
        is_worker=False,
    )
    async with opening as runtime:
        yield runtime.services.attachments


async def brought(here: Synced, provider: Provider) -> MessageRecord:
    """Return a message with both files that came in through an account of a provider."""
    played = here.played[provider]
    await here.connect(provider)
    person, now = played.world.people[ADA], SystemClock().now().replace(microsecond=0)
    sender = Correspondent("Ann", "ann@work.example")
    letter = Letter(
        sender, (person.owner,), "Files", "Text", now, "<files@work.example>", files=FILES
    )
    person.mailbox.add(letter, places=played.world.placing.places(Genre.LETTER))
    records = SQLSyncRecords(here.database)
    found: list[MessageRecord] = []

    async def is_there() -> bool:
        page = await records.messages(
            played.account.workspace_id, limit=1, account_id=played.account.id
        )
        found.extend(page.rows)
        return bool(found)

    async with here.working():
        await until(is_there)
    return found[0]


async def content_of(
    here: Synced, attachments: Attachments, record: MessageRecord, number: int = 1
) -> bytes:
    """Return the bytes of an attachment."""
    workspace_id = here.played[Provider.GOOGLE].account.workspace_id
    async with attachments.open(workspace_id, record.id, number) as found:
        return found.content


@asynccontextmanager
async def scene(tmp_path: Path, url: str) -> AsyncGenerator[Synced]:
    """Yield providers at which Ada has nothing yet."""
    async with synced(tmp_path / "home", url, mails=0, meetings=0) as here:
        yield here


@pytest.mark.parametrize("provider", Provider)
async def test_what_is_attached_is_fetched_as_it_is(
    tmp_path: Path, sqlite_url: str, provider: Provider
) -> None:
    """Byte for byte, each by its place, while the message lists no more than their names."""
    async with scene(tmp_path, sqlite_url) as here:
        record = await brought(here, provider)
        async with serving(here) as attachments:
            contents = [await content_of(here, attachments, record, each) for each in (1, 2)]
            with pytest.raises(AttachmentUnknown):
                await content_of(here, attachments, record, 3)

    assert contents == [file.content() for file in FILES]
    assert [each.size_bytes for each in record.message.attachments] == [300_000, 7]


@pytest.mark.parametrize("provider", Provider)
async def test_what_went_at_the_provider_is_told_so(
    tmp_path: Path, sqlite_url: str, provider: Provider
) -> None:
    """Before sync has heard of it."""
    async with scene(tmp_path, sqlite_url) as here:
        record = await brought(here, provider)
        box = here.played[provider].world.people[ADA].mailbox
        box.delete(next(iter(box.mails)))
        async with serving(here) as attachments:
            with pytest.raises(AttachmentUnknown):
                await content_of(here, attachments, record)


@pytest.mark.parametrize("provider", Provider)
async def test_a_provider_in_trouble_is_away_and_a_token_is_renewed(
    tmp_path: Path, sqlite_url: str, provider: Provider
) -> None:
    """A refused token is replaced on the way; other faults pass, and are worth another try."""
    async with scene(tmp_path, sqlite_url) as here:
        record = await brought(here, provider)
        faults = here.played[provider].world.faults
        async with serving(here) as attachments:
            for kind in (FaultKind.ERROR_503, FaultKind.RESET_BEFORE, FaultKind.RATE_429_SECONDS):
                faults.set_rates({kind: 1.0}, seed=1)
                with pytest.raises(ProviderAway) as away:
                    await content_of(here, attachments, record)
                asked_to_wait = kind is FaultKind.RATE_429_SECONDS
                assert (away.value.retry_after_s is not None) == asked_to_wait
            faults.set_rates({}, seed=1)
            here.played[provider].world.oauth.void_all()
            content = await content_of(here, attachments, record)

    assert content == FILES[0].content()


@pytest.mark.parametrize("provider", Provider)
async def test_ended_consent_says_what_to_do(
    tmp_path: Path, sqlite_url: str, provider: Provider
) -> None:
    """The account is known to need it from then on, and its provider is asked no more."""
    async with scene(tmp_path, sqlite_url) as here:
        record = await brought(here, provider)
        played = here.played[provider]
        held = await here.accounts.tokens(played.account.id)
        assert held is not None
        assert played.world.oauth.revoke_person(ADA)
        async with serving(here) as attachments:
            for _ in range(2):
                with pytest.raises(AccountStopped) as stopped:
                    await content_of(here, attachments, record)
                assert "sanderling accounts connect" in stopped.value.advice
                assert held.tokens.access not in str(stopped.value.facts)
        account = await here.accounts.find(played.account.workspace_id, played.account.id)

    assert account is not None
    assert account.status is AccountStatus.NEEDS_REAUTH


class Counted(MemoryLimiter):
    """A limiter that notes what was asked of it."""

    def __init__(self) -> None:
        """Start at nothing."""
        super().__init__(VirtualClock())
        self.asked: list[tuple[str, str, int]] = []

    async def acquire(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        """Admit what may be, and note the first rule with the cost."""
        self.asked.append((rules[0].name, rules[0].key, cost))
        return await super().acquire(rules, cost=cost, patience_us=patience_us)


async def test_units_count_where_those_of_sync_do(tmp_path: Path, sqlite_url: str) -> None:
    """By the same rules of the same account, each request by what it costs."""
    async with scene(tmp_path, sqlite_url) as here:
        counted = Counted()
        records = {each: await brought(here, each) for each in Provider}
        layers = Layers(
            arguments={"SANDERLING_HOME": str(here.home)}, environment=dict(here.settings)
        )
        settings = build_snapshot(layers, rules=()).settings
        async with (
            open_foundation(settings) as foundation,
            open_sign_ins(settings, foundation.clock) as sign_ins,
            open_mailboxes(settings, foundation, Reach(sign_ins, counted)) as mailboxes,
        ):
            attachments = build_attachments(settings, foundation, mailboxes)
            for record in records.values():
                await content_of(here, attachments, record)

    google, microsoft = (here.played[each].account.id for each in Provider)
    units = [MESSAGE.units, ATTACHMENT.units]
    assert counted.asked[:-1] == [("gmail-account", google, each) for each in units]
    assert counted.asked[-1][1:] == (microsoft, 1)


async def test_mail_that_is_turned_off_is_not_asked_for(tmp_path: Path, sqlite_url: str) -> None:
    """An administrator's word holds for what is fetched on demand as well."""
    async with scene(tmp_path, sqlite_url) as here:
        record = await brought(here, Provider.GOOGLE)
        off = {"MESSAGING_PROVIDER_GMAIL_ENABLED": "false"}
        async with serving(here, **off) as attachments:
            with pytest.raises(ProviderDisabled, match="its mail is off"):
                await content_of(here, attachments, record)
