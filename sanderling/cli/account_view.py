"""Connected accounts as people read them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.console import Console

    from sanderling.api.account_models import (
        AccountPage,
        AccountShown,
        AccountSummary,
        DepartureShown,
        PolicyShown,
        PushShown,
        StreamShown,
    )

    View = Callable[[Console], None]

_AT_REST = frozenset({"stopped", "paused", "needs_reconnect"})
_SECOND = "%Y-%m-%d %H:%M:%S UTC"


NOBODY_YET = "No account is connected. `sanderling accounts connect` begins."


def accounts_view(shown: AccountPage, empty: str = NOBODY_YET) -> View:
    """Return a view of accounts as a table, with what has to be done about them below."""
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - keeps --help quick.

    rows = [
        (account.id, account.email, ", ".join(account.channels), account.status)
        for account in shown.items
    ]
    table = table_view("Accounts", ("account", "e-mail", "channels", "status"), rows, empty=empty)

    def show(terminal: Console) -> None:
        table(terminal)
        for account in shown.items:
            todo = what_to_do(account)
            if todo:
                terminal.print(visible(f"{account.id}: {todo}"), style="yellow")

    return show


def what_to_do(account: AccountSummary) -> str:
    """Return what has to be done about an account; empty when nothing has."""
    if account.status == "paused":
        return f"paused; `sanderling accounts resume {account.id}` lets it go on."
    if account.status == "needs_reauth":
        again = f"sanderling accounts connect {account.provider} --email {account.email}"
        return f"{account.reason} Connect it again: `{again}`."
    if account.status == "failed_permission":
        return f"{account.reason} Then `sanderling accounts resume {account.id}`."
    return ""


def show_departure(terminal: Console, departure: DepartureShown) -> None:
    """Print where the account's owner has to go."""
    terminal.print("Let the account's owner open this address and consent there:\n")
    terminal.print(f"  {visible(departure.address)}\n", style="bold")
    terminal.print(f"It is good once, until {_moment(departure.expires_at)}.", style="dim")


def show_account(terminal: Console, account: AccountShown) -> None:
    """Print one account with all that is known of it."""
    terminal.print(visible(account.email or account.id), style="bold")
    facts = {
        "account": account.id,
        "provider": account.provider,
        "status": account.status,
        "to do": what_to_do(account),
        "connected": _moment(account.created_at),
        "aliases": ", ".join(account.aliases),
        "scopes": " ".join(account.scopes),
        "sending": _sending_text(account),
    }
    for stream in account.streams:
        facts |= {stream.channel: _stream_text(stream)}
    for name, fact in facts.items():
        if fact:
            terminal.print(f"  {name:<18} {visible(fact)}")
    _slices_view(account)(terminal)


def _sending_text(account: AccountShown) -> str:
    if account.can_send:
        return "its owner lets mail be sent"
    asking = f"sanderling accounts connect {account.provider} --email {account.email} --send"
    return f"not allowed; `{asking}` asks for it"


def policy_view(policy: PolicyShown) -> View:
    """Return a view of what the owner of an account chose."""
    facts = {
        "visibility": policy.visibility,
        "contacts": policy.contacts,
        "excluded": ", ".join(policy.excluded) or "nothing",
        "blocked": ", ".join(policy.blocklist) or "nobody",
    }

    def show(terminal: Console) -> None:
        for name, fact in facts.items():
            terminal.print(f"  {name:<18} {visible(fact)}")

    return show


def _slices_view(account: AccountShown) -> View:
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - keeps --help quick.

    done = [(stream.channel, each) for stream in account.streams for each in stream.slices]
    rows = [
        (
            _moment(each.ended_at),
            channel,
            each.phase,
            str(each.items),
            str(each.units),
            each.failure_kind or "ok",
            each.detail,
        )
        for channel, each in sorted(done, key=lambda row: row[1].ended_at, reverse=True)
    ]
    columns = ("done at", "channel", "phase", "items", "quota units", "outcome", "detail")
    return table_view("Lately", columns, rows, empty="Nothing was done yet.")


def _stream_text(stream: StreamShown) -> str:
    parts = [_progress_text(stream)]
    if stream.stage not in _AT_REST:
        parts.append(_next_text(stream))
    if stream.last_success_at:
        parts.append(f"went well at {_moment(stream.last_success_at)}")
    if stream.last_failure:
        parts.append(f"failed with {stream.last_failure.kind}: {stream.last_failure.sentence}")
    elif stream.detail:
        parts.append(stream.detail)
    parts.append(_push_text(stream.push))
    used = stream.used_last_hour
    if used.units:
        parts.append(f"{used.units:,} units of quota since {_moment(used.since)}")
    return "; ".join(part for part in parts if part)


def _push_text(push: PushShown) -> str:
    """Return what the provider does unasked; nothing where nobody wants it to."""
    match push.state:
        case "watched" if push.until is not None:
            return f"told of changes until {_moment(push.until)}"
        case "waiting":
            return "not told of changes yet"
        case "failed":
            return f"not told of changes: {push.detail}"
        case _:
            return push.detail


def _progress_text(stream: StreamShown) -> str:
    """Return the stage and how much is here: `fetching 600 of at least 2,000`."""
    stage = stream.stage.replace("_", " ")
    done, total = f"{stream.done:,}", f"{stream.estimated_total:,}"
    if not stream.is_listed:
        return f"{stage} {done} of at least {total}" if stream.estimated_total else stage
    if stream.done < stream.estimated_total:
        return f"{stage} {done} of about {total}"
    return f"{stage}, {stream.done - stream.left_out:,} here"


def _next_text(stream: StreamShown) -> str:
    if stream.recover_at is not None:
        return f"is tried again by itself, at {_moment(stream.recover_at)}"
    doing = {"list": "looks for changes", "import": "brings in what changed"}[stream.phase]
    if stream.is_running:
        return f"{doing} now"
    if stream.is_asked:
        return f"{doing} next, out of turn"
    return f"{doing} next, at {_moment(stream.next_due_at)}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):{_SECOND}}"
