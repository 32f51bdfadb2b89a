"""What goes wrong between us and a provider, by what is to be done about it."""

from typing import ClassVar

from sanderling.kernel.errors import Refusal


class ProviderFault(Refusal):
    """The provider did not do what was asked."""

    code: ClassVar[str] = "provider_fault"


class RateLimited(ProviderFault):
    """The provider asks us to wait.

    Sync goes on by itself once the time has passed.
    """

    code: ClassVar[str] = "provider_rate_limited"

    def __init__(self, *, retry_after_s: float | None = None, is_daily: bool = False) -> None:
        """Keep how long to wait, where the provider said it; `is_daily` waits for its next day."""
        super().__init__(retry_after_s=retry_after_s, is_daily=is_daily)
        self.retry_after_s = retry_after_s
        self.is_daily = is_daily


class QuotaSpent(RateLimited):
    """What may be asked of the provider for now is used up.

    Sync goes on by itself once the time has passed.
    """

    code: ClassVar[str] = "provider_quota_spent"


class Temporary(ProviderFault):
    """The provider could not be reached, or answered with nothing usable: {reason}.

    Sync tries again by itself.
    """

    code: ClassVar[str] = "provider_temporary"

    def __init__(self, reason: str) -> None:
        """Keep the reason, which names no address and no content."""
        super().__init__(reason=reason)


class CursorExpired(ProviderFault):
    """The provider does not know any more what changed since the last sync.

    Everything is looked through again by itself; nothing is lost.
    """

    code: ClassVar[str] = "provider_cursor_expired"


class AuthRevoked(ProviderFault):
    """The account's consent does not hold any more: {reason}.

    Connect the account again with `sanderling accounts connect`.
    """

    code: ClassVar[str] = "provider_auth_revoked"

    def __init__(self, reason: str) -> None:
        """Keep the provider's word for it, such as `invalid_grant`."""
        super().__init__(reason=reason)


class PermissionMissing(ProviderFault):
    """The provider refuses for want of a permission: {detail}.

    {what_to_do}.
    """

    code: ClassVar[str] = "provider_permission_missing"

    def __init__(self, detail: str, what_to_do: str) -> None:
        """Keep what is missing, and what to do about it; both without a full stop."""
        super().__init__(detail=detail, what_to_do=what_to_do)


class AppRefused(ProviderFault):
    """The provider refuses Sanderling's own app, whoever the person is: {detail}.

    {what_to_do}. Sync tries again by itself.
    """

    code: ClassVar[str] = "provider_app_refused"

    def __init__(self, detail: str, what_to_do: str) -> None:
        """Keep what is refused, and what to do about it; both without a full stop."""
        super().__init__(detail=detail, what_to_do=what_to_do)


class ItemGone(ProviderFault):
    """The provider does not know this item any more."""

    code: ClassVar[str] = "provider_item_gone"


class ItemTooLarge(ProviderFault):
    """The item is larger than what is fetched."""

    code: ClassVar[str] = "provider_item_too_large"


class Defect(ProviderFault):
    """The provider refuses a request of ours as wrong: {reason}.

    This is a mistake of Sanderling; please report it with this sentence.
    """

    code: ClassVar[str] = "provider_defect"

    def __init__(self, reason: str) -> None:
        """Keep the status and the provider's word, never what was sent."""
        super().__init__(reason=reason)
