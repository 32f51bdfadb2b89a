"""Does slices of streams: opens the account, runs its sync, and says what becomes of the stream.

A slice that ends without a fault says what comes next. After a fault the stream backs off, or is
parked with a sentence that says what somebody has to do; consent that ended parks every stream of
the account, and anything else the one that met it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from jobs.accounts.account import Account, AccountStatus
from jobs.accounts.ports import AccountStore
from jobs.streams.ports import StreamStore
from jobs.streams.stream import (
    Due,
    Healing,
    Lease,
    Phase,
    SliceResult,
    Stream,
    StreamFailure,
    StreamStatus,
)
from jobs.sync.backoff import Course, verdict
from jobs.sync.budget import SliceEnd
from jobs.sync.calendar import CalendarSync
from jobs.sync.faults import ProviderFault, QuotaSpent, RateLimited, Temporary
from jobs.sync.history import SliceHistory, SliceRecord
from jobs.sync.mail import MailSync
from jobs.sync.provider import AccountRef
from jobs.sync.retries import with_retries
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import Clock

log = structlog.get_logger()

NOT_CONNECTED = StreamFailure(
    "account_unknown",
    "The account is not connected any more. Connect it with `sanderling accounts connect`.",
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where slices find accounts and write how they stand, and what spreads those that wait.

    `spent` returns the units of quota that an account spent since it was last asked, and `chance`
    numbers in [0, 1).
    """

    accounts: AccountStore
    streams: StreamStore
    history: SliceHistory
    spent: Callable[[str], int]
    clock: Clock
    chance: Callable[[], float]


class MailWork:
    """Do slices of mail: list what changed, then import what is wanted, in turns."""

    def __init__(self, sync: MailSync, ledger: Ledger) -> None:
        """Run `sync` for the accounts of `ledger`."""
        self._sync = sync
        self._ledger = ledger

    async def __call__(self, stream: Stream, lease: Lease) -> SliceResult:
        """Do one slice."""
        sync, is_listing = self._sync, stream.phase is Phase.LIST
        engine = sync.list_changes if is_listing else sync.fetch_wanted
        slices = _Slices(self._ledger, engine, sync.budget.seconds)
        return await slices.run(stream, lease, self._after)

    def _after(self, stream: Stream, end: SliceEnd) -> SliceResult:
        now = self._ledger.clock.now()
        if stream.phase is Phase.LIST:
            return listed_mail(end, now)
        return imported_mail(end)


class CalendarWork:
    """Do slices of calendars, whose events come whole: importing is to go on listing."""

    def __init__(self, sync: CalendarSync, ledger: Ledger) -> None:
        """Run `sync` for the accounts of `ledger`."""
        self._sync = sync
        self._ledger = ledger

    async def __call__(self, stream: Stream, lease: Lease) -> SliceResult:
        """Do one slice."""
        sync = self._sync
        slices = _Slices(self._ledger, sync.list_changes, sync.budget.seconds)
        return await slices.run(stream, lease, lambda _, end: followed_calendars(end))


def listed_mail(end: SliceEnd, now: datetime) -> SliceResult:
    """Return what follows on a listing of mail.

    What is wanted is fetched at once, and what was put off in the import's turn; with nothing
    wanted the next listing comes in its turn.
    """
    detail = f"Changes seen: {end.items}."
    if not end.is_done:
        return SliceResult(Due.AT_ONCE, Phase.LIST, detail)
    if end.resume_at is None:
        return SliceResult(Due.IN_TURN, Phase.LIST, detail)
    due = Due.AT_ONCE if end.resume_at <= now else Due.IN_TURN
    return SliceResult(due, Phase.IMPORT, detail)


def imported_mail(end: SliceEnd) -> SliceResult:
    """Return what follows on an import: a listing, so that no long import hides what is new."""
    due = Due.IN_TURN if end.is_done else Due.AT_ONCE
    return SliceResult(due, Phase.LIST, f"Messages fetched: {end.items}.")


def followed_calendars(end: SliceEnd) -> SliceResult:
    """Return what follows on a slice of calendars: the rest at once, or the next turn."""
    detail = f"Events seen: {end.items}."
    if end.is_done:
        return SliceResult(Due.IN_TURN, Phase.LIST, detail)
    return SliceResult(Due.AT_ONCE, Phase.IMPORT, detail)


def owner_policy(account: Account) -> MailPolicy:
    """Return what the owner of an account has chosen, as rules for mail."""
    return account.policy.for_owner((account.email, *account.aliases))


_Engine = Callable[[AccountRef, Lease, MailPolicy], Awaitable[SliceEnd]]


@dataclass(frozen=True, slots=True)
class _Slices:
    """Runs slices of one engine, and deals with what stops them."""

    ledger: Ledger
    engine: _Engine
    seconds: float

    async def run(
        self, stream: Stream, lease: Lease, after: Callable[[Stream, SliceEnd], SliceResult]
    ) -> SliceResult:
        account = await self._account(stream)
        if account is None:
            return _parked(stream, NOT_CONNECTED)
        ref = AccountRef(account.id, account.workspace_id, account.email)
        policy, began_at = owner_policy(account), self.ledger.clock.now()
        self.ledger.spent(account.id)  # What was spent beside slices is nobody's here.
        end = await with_retries(
            lambda: self.engine(ref, lease, policy),
            self.ledger.clock,
            self.ledger.chance,
            within_s=self.seconds,
        )
        result = await self._result(stream, end, after)
        if end.left_out:
            log.warning(
                "stream.items-left-out",
                stream=stream.id,
                channel=stream.channel.value,
                count=end.left_out,
            )
            left_out = f"Left out for their ids, which cannot be kept: {end.left_out}."
            result = replace(result, detail=f"{result.detail} {left_out}")
        if end.items or result.failure is not None:
            await self._keep(stream, lease, began_at, end, result)
        return result

    async def _result(
        self, stream: Stream, end: SliceEnd, after: Callable[[Stream, SliceEnd], SliceResult]
    ) -> SliceResult:
        if end.fault is None:
            return after(stream, end)
        if isinstance(end.fault, QuotaSpent):
            return self._paced(stream, end.fault)
        return await self._stopped(stream, end, end.fault)

    async def _keep(
        self,
        stream: Stream,
        lease: Lease,
        began_at: datetime,
        end: SliceEnd,
        result: SliceResult,
    ) -> None:
        """Keep what a slice came to; those that found nothing would only hide the others."""
        await self.ledger.history.add(
            SliceRecord(
                stream_id=stream.id,
                fence=lease.fence,
                phase=stream.phase,
                began_at=began_at,
                ended_at=self.ledger.clock.now(),
                requests=end.requests,
                items=end.items,
                units=self.ledger.spent(stream.account_id),
                detail=result.detail,
                failure_kind=None if result.failure is None else result.failure.kind,
            )
        )

    def _paced(self, stream: Stream, fault: QuotaSpent) -> SliceResult:
        """Go on once there is quota again: a pace of our own, and no failure."""
        now = self.ledger.clock.now()
        due_at = now + timedelta(seconds=fault.retry_after_s or 0.0)
        return SliceResult(due_at, stream.phase, str(fault), failures=stream.failures)

    async def _account(self, stream: Stream) -> Account | None:
        return await self.ledger.accounts.find(stream.workspace_id, stream.account_id)

    async def _stopped(self, stream: Stream, end: SliceEnd, fault: ProviderFault) -> SliceResult:
        ledger = self.ledger
        failures = _failures_before(stream, end, fault)
        found = verdict(fault, failures=failures, now=ledger.clock.now(), chance=ledger.chance())
        failure = StreamFailure(fault.code, str(fault))
        log.warning(
            "stream.failed",
            stream=stream.id,
            code=fault.code,
            course=found.course.value,
            failures=failures + 1,
        )
        match found.course:
            case Course.BACK_OFF | Course.RESCAN:
                phase = Phase.LIST if found.course is Course.RESCAN else stream.phase
                due = found.next_at or Due.IN_TURN
                return SliceResult(due, phase, failure.sentence, failure, failures + 1)
            case Course.NEEDS_REAUTH:
                return await self._needs_reauth(stream, failure)
            case Course.FAILED_PERMISSION:
                await ledger.accounts.change(
                    stream.account_id, AccountStatus.FAILED_PERMISSION, failure.sentence
                )
                return _parked(stream, failure)
            case Course.STOP:
                return replace(_parked(stream, failure), healing=Healing.BY_TIME)
        assert_never(found.course)

    async def _needs_reauth(self, stream: Stream, failure: StreamFailure) -> SliceResult:
        """Park every stream of the account: none of them is let in any more."""
        ledger = self.ledger
        account = await self._account(stream)
        if account is None:
            return _parked(stream, NOT_CONNECTED)
        if account.status is AccountStatus.NEEDS_REAUTH and account.reason:
            # Whoever found out first has the provider's own word for it.
            failure = StreamFailure(failure.kind, account.reason)
        else:
            await ledger.accounts.change(account.id, AccountStatus.NEEDS_REAUTH, failure.sentence)
        for other in await ledger.streams.of_account(account.id):
            may_go_on = other.status is StreamStatus.ACTIVE or other.recover_at is not None
            if other.id != stream.id and may_go_on:
                await ledger.streams.switch(
                    other.id, StreamStatus.PARKED, ledger.clock.now(), failure.sentence
                )
        return _parked(stream, failure)


def _failures_before(stream: Stream, end: SliceEnd, fault: ProviderFault) -> int:
    """Return how many failures in a row there were before this one.

    What was brought in sets them back for what passes by itself. It does not for the rest: a
    scan that expires on every second page, or a folder that is always refused, would never rest.
    """
    is_passing = isinstance(fault, RateLimited | Temporary)
    return 0 if is_passing and end.items else stream.failures


def _parked(stream: Stream, failure: StreamFailure) -> SliceResult:
    return SliceResult(
        Due.IN_TURN,
        stream.phase,
        failure.sentence,
        failure,
        stream.failures + 1,
        StreamStatus.PARKED,
    )
