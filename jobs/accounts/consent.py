"""What people are asked to consent to, and whether what they come back with is enough."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.accounts.account import SWITCHES, Account, AccountStatus, Errand, Granted, Provider
from jobs.accounts.errors import ChannelRefused, ConsentRefused, ProviderDisabled
from jobs.accounts.ports import AccountStore, SignIns
from jobs.streams.stream import Channel
from jobs.sync.faults import AppRefused, AuthRevoked, Defect, PermissionMissing, ProviderFault
from sanderling.kernel.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person comes back with from a provider: a code, or an error with its description."""

    code: str | None = field(default=None, repr=False)
    error: str = ""
    description: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of an account: to sync channels, and perhaps to send mail."""

    channels: frozenset[Channel]
    sends: bool


class Consents:
    """Know what each account has been consented to, so that it never comes to have less."""

    def __init__(self, store: AccountStore, sign_ins: SignIns) -> None:
        """Ask over `sign_ins`, for accounts that are in `store` or will be."""
        self._store = store
        self._sign_ins = sign_ins

    def channels(self, provider: Provider, asked: Sequence[Channel]) -> Sequence[Channel]:
        """Return the channels that are asked for: by default all that are turned on.

        Raises:
            ChannelRefused: one of them is another provider's.
            ProviderDisabled: what is asked for is turned off here.

        """
        own, offered = sorted(provider.channels), self._sign_ins.offered(provider)
        for channel in asked:
            if channel not in own:
                raise ChannelRefused(channel=channel, provider=provider, channels=", ".join(own))
        needed = asked or own
        off = [SWITCHES[channel] for channel in needed if channel not in offered]
        if off and (asked or not offered):
            raise ProviderDisabled(
                provider=provider, reason="it is turned off", settings=" and ".join(off)
            )
        return asked or sorted(offered)

    async def beside_had(
        self, workspace_id: WorkspaceId, provider: Provider, email: str, wanted: Wanted
    ) -> Wanted:
        """Return what is wanted, and beside it what the account of an address has already."""
        for account in await self._store.named(workspace_id, provider, email.lower()):
            had = self._had(account)
            wanted = Wanted(wanted.channels | had.channels, sends=wanted.sends or had.sends)
        return wanted

    async def granted(self, errand: Errand, answer: Answer) -> Granted:
        """Return what a person came back with, if it is enough.

        Raises:
            ConsentRefused: the person or the provider said no, or not to everything, or it could
                not be asked; begin again.
            ProviderDisabled: accounts of this provider cannot be connected here any more.

        """
        sign_in = self._sign_ins.of(errand.provider)
        try:
            if answer.code is None or answer.error:
                raise sign_in.refusal(answer.error, answer.description)
            granted = await sign_in.redeem(answer.code, errand.verifier)
        except (AuthRevoked, Defect) as refused:
            raise ConsentRefused(
                reason=f"the provider did not let it in: {refused.facts['reason']}",
                what_to_do="Connect again, and finish within ten minutes",
            ) from refused
        except (PermissionMissing, AppRefused) as missing:
            raise ConsentRefused(
                reason=str(missing.facts["detail"]), what_to_do=str(missing.facts["what_to_do"])
            ) from missing
        except ProviderFault as fault:
            raise ConsentRefused(
                reason="the provider could not be reached",
                what_to_do="Wait a little, and begin again with `sanderling accounts connect`",
            ) from fault
        lacking = sign_in.missing(errand.channels, granted.scopes, sends=errand.sends)
        if lacking:
            raise ConsentRefused(
                reason=f"it was not given every permission that it needs: {', '.join(lacking)}",
                what_to_do="Connect again, and leave every permission ticked",
            )
        return granted

    def require_no_loss(self, before: Account, after: Account) -> None:
        """Refuse tokens that do less than those that the account has: they would replace them.

        Raises:
            ConsentRefused: `after` has not every scope that `before` needs.

        """
        had = self._had(before)
        sign_in = self._sign_ins.of(before.provider)
        lost = sign_in.missing(sorted(had.channels), after.scopes, sends=had.sends)
        if lost:
            raise ConsentRefused(
                reason=f"the account is there, and would lose {', '.join(lost)}",
                what_to_do="Connect again with `--email` and its address: then all that it "
                "has is asked for",
            )

    def _had(self, account: Account) -> Wanted:
        """Return what an account must not lose: channels that are on, and sending that it can do.

        One whose consent ended can send nothing, so that connecting it again is the way to take
        that permission back.
        """
        is_consented = account.status is not AccountStatus.NEEDS_REAUTH
        return Wanted(
            self._sign_ins.offered(account.provider).intersection(account.channels),
            sends=is_consented and self.can_send(account),
        )

    def can_send(self, account: Account) -> bool:
        """Say whether the owner of an account lets mail be sent."""
        sign_in = self._sign_ins.of(account.provider)
        return not sign_in.missing((), account.scopes, sends=True)
