"""Why someone is turned away."""

from typing import ClassVar

from sanderling.kernel.errors import Refusal


class Unauthenticated(Refusal):
    """The request carries no API key.

    Send the header `Authorization: Bearer KEY`; `sanderling keys create` makes one.
    """

    code: ClassVar[str] = "unauthenticated"


class KeyMalformed(Refusal):
    """The API key is not well formed.

    Copy it whole: it starts with `sdl_` and its last characters are a checksum.
    """

    code: ClassVar[str] = "key_malformed"


class KeyUnknown(Refusal):
    """The API key is not known here.

    It was revoked, or it belongs to another instance; `sanderling keys create` makes a new one.
    """

    code: ClassVar[str] = "key_unknown"


class KeyExpired(Refusal):
    """The API key expired at {expired_at}.

    Create a new one with `sanderling keys create`.
    """

    code: ClassVar[str] = "key_expired"

    def __init__(self, *, expired_at: str) -> None:
        """Keep the moment as ISO 8601."""
        super().__init__(expired_at=expired_at)


class Forbidden(Refusal):
    """This needs the permission {permission}: {reason}.

    Ask an administrator for a key that holds it.
    """

    code: ClassVar[str] = "forbidden"

    def __init__(self, *, permission: str, reason: str) -> None:
        """Keep the missing permission and why it is missing."""
        super().__init__(permission=permission, reason=reason)


class KeyNotFound(Refusal):
    """There is no API key {key_id!r} in this workspace.

    `sanderling keys list` shows what there is.
    """

    code: ClassVar[str] = "key_not_found"

    def __init__(self, *, key_id: str) -> None:
        """Keep at most the first 80 characters of the id."""
        super().__init__(key_id=key_id[:80])


class KeyRefused(Refusal):
    """An API key cannot be made like this: {reason}."""

    code: ClassVar[str] = "key_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that says what is allowed."""
        super().__init__(reason=reason)
