"""What can go wrong when the parts are put together."""

from typing import ClassVar

from sanderling.kernel.errors import Fault, Refusal


class HomeUnusableError(Fault):
    """The home {home} cannot be used: {reason}.

    Choose another folder with SANDERLING_HOME or --home, or let this user write to it.
    """

    code: ClassVar[str] = "home_unusable"

    def __init__(self, *, home: str, reason: str) -> None:
        """Keep the folder and what the system said."""
        super().__init__(home=home, reason=reason)


class AddressTakenError(Fault):
    """The server cannot listen on {host} port {port}: {reason}.

    Choose another address with --host and --port; port 0 takes a free one.
    """

    code: ClassVar[str] = "address_taken"

    def __init__(self, *, host: str, port: int, reason: str) -> None:
        """Keep the address and what the system said."""
        super().__init__(host=host, port=port, reason=reason)


class LoopbackRequired(Refusal):
    """Functions would run without isolation, so the server does not listen on {host}.

    Listen on 127.0.0.1, or use a Linux container and remove SANDBOX_DEVELOPMENT.
    """

    code: ClassVar[str] = "loopback_required"

    def __init__(self, *, host: str) -> None:
        """Keep the address that others could reach."""
        super().__init__(host=host)
