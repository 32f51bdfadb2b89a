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
