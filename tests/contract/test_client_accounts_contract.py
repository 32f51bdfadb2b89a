"""What the Python client does with accounts, over HTTP and in this process."""

import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jobs.accounts.account import AccountStatus, Provider
from jobs.accounts.consent import Answer
from jobs.accounts.errors import (
    AccountUnknown,
    ChannelRefused,
    ConsentRefused,
    ErrandUnknown,
    ProviderDisabled,
)
from jobs.streams.stream import AccountId, Lease, Phase, StreamId
from jobs.sync.held import MailBatch, Place, Reason, Stage, Want
from jobs.sync.history import SliceRecord
from jobs.sync.provider import AccountRef
from runner.errors import CursorRefused
from sanderling.access.errors import Forbidden
from sanderling.access.principal import Role
from sanderling.api.account_models import AccountShown
from sanderling.api.errors import RequestInvalid
from sanderling.client import Sanderling
from sanderling.kernel.ids import WorkspaceId
from support.accounts import TOKENS, an_account
from support.clients import WAYS, Setting, open_setting

BOTH = ["gmail", "google-calendar"]


@pytest.fixture(params=WAYS)
async def setting(request: pytest.FixtureRequest) -> AsyncGenerator[Setting]:
    """Yield a house, reached in each way."""
    async with open_setting(request.param) as found:
        yield found


@pytest.fixture
def client(setting: Setting) -> Sanderling:
    """Return a client with the key of an admin of the workspace."""
    return setting.admin


async def connected(setting: Setting, client: Sanderling, *, sends: bool = False) -> AccountShown:
    """Return an account whose owner opened the address and came back."""
    departure = await client.accounts.connect("google", email="ada@example.com", sends=sends)
    told = parse_qs(urlsplit(setting.house.doorstep.way_back(departure)).query)
    account = await setting.house.services.accounts.complete(
        Provider.GOOGLE, state=told["state"][0], answer=Answer(told["code"][0])
    )
    return await client.accounts.get(account.id)


async def test_an_account_is_connected_by_whoever_opens_the_address(
    setting: Setting, client: Sanderling
) -> None:
    """The errand is known until its owner came back; then the account is there."""
    departure = await client.accounts.connect("google", channels=BOTH, email="ada@example.com")
    errand = await client.accounts.errand(departure.id)
    told = parse_qs(urlsplit(departure.address).query)

    account = await connected(setting, client)

    assert (errand.provider, errand.channels) == ("google", BOTH)
    assert errand.expires_at == departure.expires_at
    assert told["login_hint"] == ["ada@example.com"]
    assert departure.id not in departure.address
    assert (account.provider, account.email, account.status) == (
        "google",
        "ada@example.com",
        "connected",
    )
    assert [stream.channel for stream in account.streams] == account.channels == BOTH
    assert [item.id for item in (await client.accounts.list()).items] == [account.id]


async def test_sending_is_asked_for_later_and_shown(setting: Setting, client: Sanderling) -> None:
    """The account is the same, keeps its scopes, and has one more."""
    before = await connected(setting, client)

    after = await connected(setting, client, sends=True)

    assert (before.can_send, after.can_send, after.id) == (False, True, before.id)
    assert {*before.scopes} < {*after.scopes}


async def test_an_account_is_paused_resumed_asked_and_forgotten(
    setting: Setting, client: Sanderling
) -> None:
    """Each answer is the account as it is from then on."""
    account = await connected(setting, client)

    paused = await client.accounts.pause(account.id)
    resumed = await client.accounts.resume(account.id)
    asked = await client.accounts.sync_now(account.id)
    anew = await client.accounts.resync(account.id)
    await client.accounts.disconnect(account.id)

    assert [stream.status for stream in paused.streams] == ["paused", "paused"]
    assert (paused.status, resumed.status) == ("paused", "connected")
    assert all(stream.is_asked for stream in [*asked.streams, *anew.streams])
    with pytest.raises(AccountUnknown):
        await client.accounts.get(account.id)
    assert (await client.accounts.list()).items == []


async def test_a_policy_is_chosen_by_parts(setting: Setting, client: Sanderling) -> None:
    """What is left out stays, and entries of the blocklist are told as they are kept."""
    account = await connected(setting, client)

    blocked = await client.accounts.choose(
        account.id, blocklist=[" Eve@Evil.Example", "@spam.example", "eve@evil.example"]
    )
    told = await client.accounts.choose(
        account.id, visibility="subject", contacts="sent_and_received", excluded=["social"]
    )
    nobody = await client.accounts.choose(account.id, blocklist=[], excluded=[])

    default = account.policy
    assert (default.visibility, default.contacts, default.blocklist) == ("everything", "sent", [])
    assert default.excluded == ["promotions", "social", "groups", "non_professional"]
    assert blocked.policy.blocklist == ["@spam.example", "eve@evil.example"]
    assert blocked.policy.excluded == default.excluded
    assert told.policy.blocklist == blocked.policy.blocklist
    assert (told.policy.visibility, told.policy.contacts) == ("subject", "sent_and_received")
    assert told.policy.excluded == ["social"]
    assert (nobody.policy.blocklist, nobody.policy.excluded) == ([], [])
    assert await client.accounts.get(account.id) == nobody


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"visibility": "all"}, "visibility"),
        ({"contacts": "everybody"}, "contacts"),
        ({"excluded": ["spam"]}, r"excluded\.0"),
        ({"blocklist": ["a@b.example", "eve"]}, r"blocklist\.1.*has no @"),
        ({"blocklist": [f"{number}@b.example" for number in range(1001)]}, "blocklist.*1000"),
    ],
)
async def test_a_policy_that_does_not_fit_is_refused_whole(
    setting: Setting, client: Sanderling, chosen: dict[str, Any], told: str
) -> None:
    """Each entry is named with its reason, and nothing is changed."""
    account = await connected(setting, client)

    with pytest.raises(RequestInvalid, match=told):
        await client.accounts.choose(account.id, **chosen)

    assert (await client.accounts.get(account.id)).policy == account.policy


async def test_what_was_done_lately_is_shown(setting: Setting, client: Sanderling) -> None:
    """The newest slice comes first, with what it cost and how it ended."""
    account = await connected(setting, client)
    now = setting.house.clock.now()
    for fence in (1, 2):
        record = SliceRecord(
            stream_id=StreamId(f"{account.id}:gmail"),
            fence=fence,
            phase=Phase.LIST,
            began_at=now,
            ended_at=now,
            requests=fence,
            items=10,
            units=20,
            detail="It went well.",
        )
        await setting.house.doorstep.slices.add(record)

    streams = (await client.accounts.get(account.id)).streams

    assert [[each.requests for each in stream.slices] for stream in streams] == [[2, 1], []]
    shown = streams[0].slices[0]
    assert (shown.phase, shown.items, shown.units, shown.failure_kind) == ("list", 10, 20, None)


async def test_stage_progress_and_quota_are_shown(setting: Setting, client: Sanderling) -> None:
    """What is here, what is to come, and what it cost in the last hour and in the last day."""
    account = await connected(setting, client)
    house, stream_id = setting.house, StreamId(f"{account.id}:gmail")
    now = house.clock.now()
    for fence, hours in ((1, 25), (2, 2), (3, 0)):
        ended_at = now - timedelta(hours=hours)
        record = SliceRecord(
            stream_id, fence, Phase.IMPORT, ended_at, ended_at, 1, 1, 10**fence, "It went well."
        )
        await house.doorstep.slices.add(record)
    ref = AccountRef(AccountId(account.id), WorkspaceId("ws_1"), account.email)
    lease = Lease(stream_id, "worker-1", 1, now)
    wanted = (Want("m", "t", Reason.NEW), Want("n", "t", Reason.NEW))
    places = (Place("", Stage.INCR, cursor="1"),)
    await house.doorstep.mail.commit(ref, lease, MailBatch(wanted=wanted, places=places))

    mail, calendar = (await client.accounts.get(account.id)).streams

    assert (mail.stage, mail.done, mail.estimated_total, mail.is_listed) == ("fetching", 0, 2, True)
    assert mail.used_last_hour.model_dump() == {"units": 1000, "since": now - timedelta(hours=1)}
    assert mail.used_last_day.model_dump() == {"units": 1100, "since": now - timedelta(days=1)}
    assert (calendar.stage, calendar.is_listed) == ("scanning", False)


async def test_who_has_to_connect_again_is_listed(setting: Setting, client: Sanderling) -> None:
    """The list is of one status where that is asked for, and the account's channels say so too."""
    account = await connected(setting, client)
    before = await client.accounts.list("needs_reauth")
    await setting.house.doorstep.store.change(
        AccountId(account.id), AccountStatus.NEEDS_REAUTH, "It ended."
    )

    after = await client.accounts.list("needs_reauth")

    assert (before.items, [each.id for each in after.items]) == ([], [account.id])
    assert (await client.accounts.list("connected")).items == []
    stages = {each.stage for each in (await client.accounts.get(account.id)).streams}
    assert stages == {"needs_reconnect"}
    with pytest.raises(RequestInvalid, match="needs_reauth"):
        await client.accounts.list("pigeons")


async def test_accounts_are_listed_page_by_page(setting: Setting, client: Sanderling) -> None:
    """The next page goes on where the one before ended, and another list's cursor is refused."""
    store, workspace_id = setting.house.doorstep.store, setting.house.workspace_id
    made = [an_account(number, workspace_id=workspace_id) for number in range(1, 4)]
    for each in made:
        await store.connect(each, TOKENS)

    first = await client.accounts.list(limit=2)
    second = await client.accounts.list("connected", limit=2, cursor=first.next_cursor)

    assert [each.id for each in (*first.items, *second.items)] == [each.id for each in made]
    assert second.next_cursor is None
    with pytest.raises(CursorRefused):
        await client.accounts.list(cursor="x")
    with pytest.raises(RequestInvalid, match="limit"):
        await client.accounts.list(limit=0)


async def test_what_cannot_be_connected_is_refused(setting: Setting, client: Sanderling) -> None:
    """The same refusals come over both ways, with what to do."""
    with pytest.raises(RequestInvalid, match="provider"):
        await client.accounts.connect("myspace")
    with pytest.raises(RequestInvalid, match="channels"):
        await client.accounts.connect("google", channels=["pigeons"])
    with pytest.raises(ChannelRefused, match="gmail, google-calendar"):
        await client.accounts.connect("google", channels=["microsoft-mail"])
    setting.house.doorstep.sign_in.turned_on = frozenset()
    with pytest.raises(ProviderDisabled, match="MESSAGING_PROVIDER_GMAIL_ENABLED"):
        await client.accounts.connect("google")


async def test_consent_that_ended_is_told(setting: Setting, client: Sanderling) -> None:
    """Who has to do what is said where the account is shown, and where it is refused."""
    account = await connected(setting, client)
    await setting.house.doorstep.store.change(
        AccountId(account.id), AccountStatus.NEEDS_REAUTH, "It ended."
    )

    shown = await client.accounts.get(account.id)

    assert (shown.status, shown.reason) == ("needs_reauth", "It ended.")
    for ask in (client.accounts.resume, client.accounts.sync_now):
        with pytest.raises(ConsentRefused, match="sanderling accounts connect"):
            await ask(account.id)


@pytest.mark.parametrize(
    "account_id", ["acc_" + "0" * 26, "errands/1", "", "..", "acc_x/pause", "a" * 200]
)
async def test_what_is_no_account_is_refused(client: Sanderling, account_id: str) -> None:
    """No other route is reached by an id, and the refusal shows the way to the list."""
    accounts = client.accounts
    for ask in (
        accounts.get,
        accounts.choose,
        accounts.pause,
        accounts.resume,
        accounts.sync_now,
        accounts.resync,
        accounts.disconnect,
    ):
        with pytest.raises(AccountUnknown, match="sanderling accounts list"):
            await ask(account_id)


@pytest.mark.parametrize("errand_id", ["0" * 64, "", "../..", "A" * 64])
async def test_what_is_no_errand_is_refused(client: Sanderling, errand_id: str) -> None:
    """It is not told whether there ever was one."""
    with pytest.raises(ErrandUnknown):
        await client.accounts.errand(errand_id)


async def test_other_workspaces_see_nothing(setting: Setting, client: Sanderling) -> None:
    """What belongs to another workspace does not exist for it."""
    account = await connected(setting, client)
    departure = await client.accounts.connect("google")
    others = (await setting.client(elsewhere=True)).accounts

    assert (await others.list()).items == []
    with pytest.raises(ErrandUnknown):
        await others.errand(departure.id)
    for ask in (
        others.get,
        others.choose,
        others.pause,
        others.resume,
        others.sync_now,
        others.disconnect,
    ):
        with pytest.raises(AccountUnknown):
            await ask(account.id)
    assert await client.accounts.get(account.id) == account


async def test_members_neither_see_nor_change_accounts(
    setting: Setting, client: Sanderling
) -> None:
    """Whose mail is read is for admins of the workspace alone."""
    account = await connected(setting, client)
    accounts = (await setting.client(role=Role.MEMBER)).accounts

    with pytest.raises(Forbidden, match=r"accounts\.read"):
        await accounts.list()
    with pytest.raises(Forbidden, match=r"accounts\.read"):
        await accounts.get(account.id)
    with pytest.raises(Forbidden, match=r"accounts\.read"):
        await accounts.errand("0" * 64)
    with pytest.raises(Forbidden, match=r"accounts\.manage"):
        await accounts.connect("google")
    for ask in (accounts.choose, accounts.pause, accounts.resume, accounts.sync_now):
        with pytest.raises(Forbidden, match=r"accounts\.manage"):
            await ask(account.id)


async def test_no_secret_is_in_any_answer(setting: Setting, client: Sanderling) -> None:
    """Neither tokens nor verifiers nor states are told, but for the state in the address."""
    departure = await client.accounts.connect("google")
    state = parse_qs(urlsplit(departure.address).query)["state"][0]
    errand = await client.accounts.errand(departure.id)
    account = await connected(setting, client)
    held = await setting.house.doorstep.store.tokens(account.id)

    answers = [errand, await client.accounts.list(), account]
    told = json.dumps([answer.model_dump(mode="json") for answer in answers])

    assert held is not None
    for secret in (state, held.tokens.access, held.tokens.refresh):
        assert secret not in told
