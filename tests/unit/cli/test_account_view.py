"""Accounts as people read them: what has to be done stands where they look."""

from datetime import UTC, datetime

import pytest

from jobs.accounts.policy import AccountPolicy
from sanderling.api.account_models import (
    AccountPage,
    AccountShown,
    AccountSummary,
    AccountWord,
    PolicyShown,
    PushedWord,
    PushShown,
    SliceShown,
    StreamFailureShown,
    StreamShown,
    UsageShown,
)
from sanderling.cli.account_view import accounts_view, show_account
from sanderling.cli.screen import console

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def summary(status: AccountWord = "connected", reason: str = "") -> AccountSummary:
    """Return an account of Ada's."""
    return AccountSummary(
        id="acc_1",
        provider="google",
        email="ada@example.com",
        channels=["gmail"],
        status=status,
        reason=reason,
        created_at=NOW,
    )


@pytest.mark.parametrize(
    ("status", "todo"),
    [
        ("connected", ""),
        ("paused", "sanderling accounts resume acc_1"),
        ("needs_reauth", "It ended. Connect it again: `sanderling accounts connect google --email"),
        ("failed_permission", "It ended. Then `sanderling accounts resume acc_1`"),
    ],
)
def test_the_list_says_what_has_to_be_done(
    capsys: pytest.CaptureFixture[str], status: AccountWord, todo: str
) -> None:
    """Nobody has to open an account to know what it waits for."""
    accounts_view(AccountPage(items=[summary(status, "It ended.")], next_cursor=None))(console())

    shown = capsys.readouterr().out
    assert "ada@example.com" in shown
    assert todo in shown
    assert ("acc_1:" in shown) == bool(todo)


def test_an_empty_list_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    """The next command is there."""
    accounts_view(AccountPage(items=[], next_cursor=None))(console())

    assert "sanderling accounts connect" in capsys.readouterr().out


def test_an_empty_list_of_those_to_reconnect_is_good_news(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It does not say that nobody is connected."""
    accounts_view(AccountPage(items=[], next_cursor=None), "Nobody has to connect again.")(
        console()
    )

    assert "Nobody has to connect again." in capsys.readouterr().out


def pushed(state: PushedWord, until: datetime | None = None, detail: str = "") -> PushShown:
    """Return how push of a channel stands."""
    return PushShown(state=state, until=until, detail=detail)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "looks for changes next, at 2026-01-01 12:00:00 UTC"),
        ({"phase": "import", "is_running": True}, "brings in what changed now"),
        ({"is_asked": True}, "looks for changes next, out of turn"),
        ({"stage": "scanning", "is_listed": False}, "gmail scanning 600 of at least 2,000; looks"),
        ({"stage": "scanning", "is_listed": False, "estimated_total": 0}, "gmail scanning; looks"),
        ({}, "gmail fetching 600 of about 2,000; looks"),
        ({"stage": "following", "estimated_total": 600}, "gmail following, 600 here; looks"),
        (
            {"stage": "following", "done": 2000, "left_out": 600},
            "gmail following, 1,400 here; looks",
        ),
        ({"stage": "stopped", "detail": "Ask Bob."}, "stopped 600 of about 2,000; Ask Bob."),
        (
            {"stage": "waiting", "status": "parked", "recover_at": NOW, "detail": "It broke."},
            "2,000; is tried again by itself, at 2026-01-01 12:00:00 UTC; It broke.",
        ),
        ({"stage": "paused"}, "paused 600 of about 2,000; 12,345 units of quota"),
        ({"stage": "needs_reconnect", "done": 2000}, "needs reconnect, 2,000 here; 12,345"),
        ({}, "not allowed; `sanderling accounts connect google --email ada@example.com --send`"),
        ({}, "12,345 units of quota since 2026-01-01 12:00:00 UTC"),
        ({"push": pushed("watched", NOW)}, "told of changes until 2026-01-01 12:00:00 UTC; 12,345"),
        ({"push": pushed("waiting")}, "; not told of changes yet; 12,345"),
        ({"push": pushed("failed", detail="No.")}, "; not told of changes: No.; 12,345"),
        ({"push": pushed("off", detail="Set a topic.")}, "; Set a topic.; 12,345"),
        ({"push": pushed("off")}, "looks for changes next, at 2026-01-01 12:00:00 UTC; 12,345"),
        ({"last_success_at": NOW}, "went well at 2026-01-01 12:00:00 UTC"),
        (
            {"last_failure": StreamFailureShown(kind="temporary", sentence="It is away.")},
            "failed with temporary: It is away.",
        ),
    ],
)
def test_each_channel_says_how_it_is_getting_on(
    capsys: pytest.CaptureFixture[str], changes: dict[str, object], said: str
) -> None:
    """What comes next, what went well last, and what went wrong."""
    stream = StreamShown(
        channel="gmail",
        status="active",
        stage="fetching",
        done=600,
        left_out=0,
        estimated_total=2000,
        is_listed=True,
        phase="list",
        is_running=False,
        is_asked=False,
        next_due_at=NOW,
        recover_at=None,
        last_success_at=None,
        last_failure=None,
        detail="",
        push=PushShown(state="off", until=None, detail=""),
        used_last_hour=UsageShown(units=12_345, since=NOW),
        used_last_day=UsageShown(units=12_345, since=NOW),
        slices=[
            SliceShown(
                phase="list",
                began_at=NOW,
                ended_at=NOW,
                requests=2,
                items=7,
                units=35,
                failure_kind=None,
                detail="",
            )
        ],
    ).model_copy(update=changes)
    account = AccountShown(
        **summary().model_dump(),
        aliases=["a@example.com"],
        scopes=["openid"],
        can_send=False,
        policy=PolicyShown.of(AccountPolicy()),
        streams=[stream],
    )

    show_account(console(), account)

    shown = " ".join(capsys.readouterr().out.split())
    assert said in shown
    assert "a@example.com" in shown
    assert all(word in shown for word in ("Lately", "35", "ok"))
