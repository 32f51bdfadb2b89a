"""Why an account is not connected or not changed, or what it brought is not shown."""

from typing import ClassVar

from sanderling.kernel.errors import Refusal


class AccountUnknown(Refusal):
    """There is no account {account_id!r} in this workspace.

    `sanderling accounts list` shows what there is.
    """

    code: ClassVar[str] = "account_unknown"

    def __init__(self, *, account_id: str) -> None:
        """Keep at most the first 80 characters of the id."""
        super().__init__(account_id=account_id[:80])


class MessageUnknown(Refusal):
    """There is no message {message_id!r} in this workspace.

    `sanderling messages list` shows what there is.
    """

    code: ClassVar[str] = "message_unknown"

    def __init__(self, *, message_id: str) -> None:
        """Keep at most the first 80 characters of the id."""
        super().__init__(message_id=message_id[:80])


class AttachmentUnknown(Refusal):
    """The message {message_id!r} has no attachment {number}, or none any more.

    `sanderling messages show` lists its attachments; the first one is number 1.
    """

    code: ClassVar[str] = "attachment_unknown"

    def __init__(self, *, message_id: str, number: int) -> None:
        """Keep the message and the number that was asked for."""
        super().__init__(message_id=message_id[:80], number=number)


class AttachmentRefused(Refusal):
    """The attachment is not given out: {reason}.

    {what_to_do}.
    """

    code: ClassVar[str] = "attachment_refused"

    def __init__(self, *, reason: str, what_to_do: str) -> None:
        """Keep why, and what to do about it; both without a full stop."""
        super().__init__(reason=reason, what_to_do=what_to_do)


class AttachmentTooLarge(Refusal):
    """The attachment is larger than {allowed_bytes} bytes.

    Open the message at its provider.
    """

    code: ClassVar[str] = "attachment_too_large"

    def __init__(self, *, allowed_bytes: int, size_bytes: int | None = None) -> None:
        """Keep the bound, and the size where it is known."""
        super().__init__(allowed_bytes=allowed_bytes, size_bytes=size_bytes)


class AttachmentsBusy(Refusal):
    """As many attachments as may be are being fetched: {held}.

    Try again when one of them has come.
    """

    code: ClassVar[str] = "attachments_busy"

    def __init__(self, *, held: int) -> None:
        """Keep how many it is."""
        super().__init__(held=held)


class AccountStopped(Refusal):
    """The account {account_id!r} is not read now: {reason}.

    {what_to_do}.
    """

    code: ClassVar[str] = "account_stopped"

    def __init__(self, *, account_id: str, reason: str, what_to_do: str) -> None:
        """Keep what stops it, and what to do about it; both without a full stop."""
        super().__init__(account_id=account_id, reason=reason, what_to_do=what_to_do)


class ProviderAway(Refusal):
    """The provider cannot be asked now: {reason}.

    Try again a little later.
    """

    code: ClassVar[str] = "provider_away"

    def __init__(self, *, reason: str, retry_after_s: float | None = None) -> None:
        """Keep why, in our words, and how long to wait where the provider said it."""
        super().__init__(reason=reason, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class ErrandUnknown(Refusal):
    """This way to connect an account is not known, was used already, or took too long.

    Begin again with `sanderling accounts connect`.
    """

    code: ClassVar[str] = "errand_unknown"


class ConsentRefused(Refusal):
    """The account was not connected: {reason}.

    {what_to_do}.
    """

    code: ClassVar[str] = "consent_refused"

    def __init__(self, *, reason: str, what_to_do: str) -> None:
        """Keep what happened, and what to do about it, without a full stop."""
        super().__init__(reason=reason, what_to_do=what_to_do)


class ProviderDisabled(Refusal):
    """Accounts of {provider} cannot be connected here: {reason}.

    An administrator of the server has to set {settings}.
    """

    code: ClassVar[str] = "provider_disabled"

    def __init__(self, *, provider: str, reason: str, settings: str) -> None:
        """Keep what is missing and the names of the settings that give it."""
        super().__init__(provider=provider, reason=reason, settings=settings)


class ChannelRefused(Refusal):
    """{channel} is no channel of {provider}.

    Its channels are {channels}.
    """

    code: ClassVar[str] = "channel_refused"

    def __init__(self, *, channel: str, provider: str, channels: str) -> None:
        """Keep what was asked for and what there is."""
        super().__init__(channel=channel[:80], provider=provider, channels=channels)
