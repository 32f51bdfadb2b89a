"""Why a request is turned away before it reaches a use-case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from sanderling.kernel.errors import Fault, Refusal
from sanderling.kernel.jsontext import JSON

_MOST_MISFITS = 20
_LONGEST_FIELD = 80


class HeadMalformed(Refusal):
    """These bytes are no HTTP request.

    Speak HTTP/1.1, without TLS unless a proxy in front of the server offers it.
    """

    code: ClassVar[str] = "head_malformed"


class HeadLate(Refusal):
    """The request's head did not arrive within {allowed_s} seconds.

    Send it again over a faster connection.
    """

    code: ClassVar[str] = "head_late"

    def __init__(self, *, allowed_s: float) -> None:
        """Keep how long the server waited."""
        super().__init__(allowed_s=allowed_s)


class HeadTooLarge(Refusal):
    """The request's head is larger than {allowed_bytes} bytes.

    Send fewer or shorter header lines.
    """

    code: ClassVar[str] = "head_too_large"

    def __init__(self, *, allowed_bytes: int) -> None:
        """Keep the bound."""
        super().__init__(allowed_bytes=allowed_bytes)


class RouteUnknown(Refusal):
    """There is nothing at this address.

    `GET /openapi.json` lists every route.
    """

    code: ClassVar[str] = "route_unknown"


class MethodRefused(Refusal):
    """This address does not take {method}.

    It takes {allowed}.
    """

    code: ClassVar[str] = "method_refused"

    def __init__(self, *, method: str, allowed: Sequence[str]) -> None:
        """Keep the method that came, cut to 20 characters, and those that would do."""
        self.allow = ", ".join(allowed)
        super().__init__(method=method[:20], allowed=self.allow)


class BodyTooLarge(Refusal):
    """The body is larger than {allowed_bytes} bytes.

    Send less, or put the data where the function can be given a part of it.
    """

    code: ClassVar[str] = "body_too_large"

    def __init__(self, *, allowed_bytes: int) -> None:
        """Keep the most that this server reads."""
        super().__init__(allowed_bytes=allowed_bytes)


class BodyLate(Refusal):
    """The body did not arrive within {allowed_s} seconds.

    Send it again over a faster connection.
    """

    code: ClassVar[str] = "body_late"

    def __init__(self, *, allowed_s: float) -> None:
        """Keep how long the server waited."""
        super().__init__(allowed_s=allowed_s)


class ContentTypeRefused(Refusal):
    """The body has the content type {given!r}, which is not JSON.

    Send the header `Content-Type: application/json`.
    """

    code: ClassVar[str] = "content_type_refused"

    def __init__(self, *, given: str) -> None:
        """Keep at most the first 80 characters of the header."""
        super().__init__(given=given[:80])


class ExpectationRefused(Refusal):
    """The expectation {given!r} cannot be met.

    Leave the header `Expect` out, or send `100-continue`.
    """

    code: ClassVar[str] = "expectation_refused"

    def __init__(self, *, given: str) -> None:
        """Keep at most the first 80 characters of the header."""
        super().__init__(given=given[:80])


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that does not fit: `place` is body, query or path; `field` is dotted."""

    place: str
    field: str
    message: str


class RequestInvalid(Refusal):
    """The request does not fit: {place} {field}: {message}.

    `GET /openapi.json` describes every body and parameter.
    """

    code: ClassVar[str] = "request_invalid"

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        """Keep the first 20 things that do not fit; the message tells the first of them.

        No value is repeated, and of a member's name no more than 80 characters.
        """
        self.misfits = tuple(
            replace(misfit, field=misfit.field[:_LONGEST_FIELD])
            for misfit in misfits[:_MOST_MISFITS]
        )
        first = self.misfits[0]
        super().__init__(place=first.place, field=first.field, message=first.message)


class InternalError(Fault):
    """Something broke on our side.

    Nothing more is told here; the log has it under the request id.
    """

    code: ClassVar[str] = "internal"


class PushRefused(Refusal):
    """This notification is not from whom it has to be.

    MESSAGING_GMAIL_PUBSUB_VERIFICATION_EMAIL has to be the service account of the subscription, and
    its audience the address that it pushes to.
    """

    code: ClassVar[str] = "push_refused"


class PushUnproven(Refusal):
    """Nobody can tell now whether this notification is genuine.

    Send it again; the keys that it is signed with could not be fetched.
    """

    code: ClassVar[str] = "push_unproven"


class NotReadyError(Fault):
    """This process cannot serve: {down}.

    `parts` has the reasons; `sanderling doctor` tells more.
    """

    code: ClassVar[str] = "not_ready"

    def __init__(self, *, down: Sequence[str], parts: Mapping[str, JSON]) -> None:
        """Keep the names of the parts that are down, and how every part is."""
        super().__init__(down=", ".join(down))
        self.parts = dict(parts)
