"""What can go wrong between a client and its server."""

from typing import ClassVar

from sanderling.kernel.errors import Fault, Refusal


class ServerUnreachableError(Fault):
    """The server at {server} cannot be reached: {reason}.

    Check the URL, and that `sanderling serve` runs there.
    """

    code: ClassVar[str] = "server_unreachable"

    def __init__(self, *, server: str, reason: str) -> None:
        """Keep host and port, nothing else of the URL, and what happened."""
        super().__init__(server=server, reason=reason)


class AnswerUnreadableError(Fault):
    """The answer of {server} cannot be read: {reason}.

    Something else may listen there, or another version of Sanderling.
    """

    code: ClassVar[str] = "answer_unreadable"

    def __init__(self, *, server: str, reason: str) -> None:
        """Keep host and port, and what is wrong with the answer, none of its text."""
        super().__init__(server=server, reason=reason)


class ServerFailedError(Fault):
    """The server failed with {status} {code}: {detail}.

    Its log has more under the request id {request_id}.
    """

    code: ClassVar[str] = "server_failed"

    def __init__(self, *, status: int, code: str, detail: str, request_id: str) -> None:
        """Keep what the problem document says."""
        super().__init__(status=status, code=code, detail=detail.rstrip("."), request_id=request_id)


class ServerRefused(Refusal):
    """The server refused with {status} {code}: {detail}.

    This client does not know that refusal; a newer one may.
    """

    code: ClassVar[str] = "server_refused"

    def __init__(self, *, status: int, code: str, detail: str) -> None:
        """Keep what the problem document says."""
        super().__init__(status=status, code=code, detail=detail.rstrip("."))


class URLRefused(Refusal):
    """This is not the URL of a server: {reason}.

    Write `http://HOST:PORT` or `https://HOST`, without a user, a query or a fragment.
    """

    code: ClassVar[str] = "url_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep what is wrong, no part of the URL."""
        super().__init__(reason=reason)
