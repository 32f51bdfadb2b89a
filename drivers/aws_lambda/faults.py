"""Reads what boto3 raises: what it means, whether user code can have run, and what to do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from drivers.port import OutcomeKind

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_NOT_READY = frozenset(
    {
        "ResourceConflictException",
        "SnapStartNotReadyException",
        "CodeArtifactUserPendingException",
        "ENINotReadyException",
        "EC2ThrottledException",
        "ResourceNotReadyException",
    }
)
_TOO_LARGE = frozenset(
    {
        "RequestTooLargeException",
        "RequestEntityTooLargeException",
        "SerializedRequestEntityTooLargeException",
    }
)
_THROTTLED = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "RequestLimitExceeded",
        "ThrottledException",
    }
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_UNKNOWN_TO_AWS = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "MissingAuthenticationTokenException",
        "IncompleteSignature",
    }
)
# Told with a 502 or a 403, though nothing ran: the function cannot be started as it is.
_UNUSABLE = (
    "KMS",
    "InvalidRuntime",
    "InvalidZipFile",
    "InvalidSubnet",
    "InvalidSecurityGroup",
    "EFS",
    "S3Files",
    "EC2AccessDenied",
    "EC2Unexpected",
    "ENILimit",
    "SubnetIP",
)
_NO_CREDENTIALS = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "NoAuthTokenError",
    }
)
# A fault of TLS is not among them: it may come while the answer is read.
_NOT_CONNECTED = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"}
)
_OURS = frozenset(
    {"ParamValidationError", "NoRegionError", "InvalidRegionError", "UnknownServiceError"}
)
_CLOCK = re.compile(r"Signature (expired|not yet current)|still expired")
_MOST_RETRY_AFTER_S = 3600.0
_SERVER_SIDE = 500
_PERMISSION = re.compile(r"not authorized to perform:?\s+([a-z0-9-]{1,40}:[A-Za-z]{1,60})\b")
_ELSEWHERE = re.compile(r"cross-account pass role", re.IGNORECASE)
_FULL = "CodeStorageExceededException"
_PASSES = re.compile(r"iam:PassRole")
# Words of AWS go into details, logs and databases; whatever stands there instead is cut to this.
_NO_WORD = re.compile(r"[^A-Za-z0-9_.:-]+")
_MOST_WORD = 80
_MOST_MESSAGE = 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request to AWS came to nothing.

    `is_unexecuted` claims that no user code ran for it. `detail` is a sentence for callers, without
    names of the account; `code` is AWS's own word. `permission` is the one that is missing.
    """

    kind: OutcomeKind
    code: str
    detail: str
    is_unexecuted: bool = True
    may_pass: bool = False
    retry_after_s: float | None = None
    permission: str = ""
    message: str = field(default="", repr=False)
    """AWS's own words; that of a wrong signature has the token of the session."""

    @property
    def is_expired(self) -> bool:
        """Claim that other credentials may do."""
        return self.code in EXPIRED


class Refused(Exception):
    """A request to the control plane that came to nothing; the driver turns it into a value."""

    def __init__(self, fault: Fault) -> None:
        """Keep the fault."""
        super().__init__(fault.code)
        self.fault = fault


def fault_of(error: Exception, action: str) -> Fault:
    """Return what `error` means for a request that needs the permission `action`."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return _answered(cast("Mapping[str, Any]", response), action)
    names = {each.__name__ for each in type(error).__mro__}
    code = type(error).__name__
    if names & _NO_CREDENTIALS:
        detail = (
            "The platform has no credentials for AWS. Set SERVERLESS_LAMBDA_ACCESS_KEY_ID and "
            "SERVERLESS_LAMBDA_SECRET_ACCESS_KEY, or give the process a role."
        )
        return Fault(OutcomeKind.MISCONFIGURED, code, detail)
    if names & _OURS:
        return unusable_settings(error)
    if code == "RuntimeError" and _CLOCK.search(str(error)):
        return _another_time(code, str(error))
    if names & _NOT_CONNECTED:
        detail = (
            "AWS Lambda cannot be reached; nothing ran. Call again shortly. If it stays so, the "
            "operator of the platform looks at SERVERLESS_LAMBDA_REGION, "
            "SERVERLESS_LAMBDA_ENDPOINT_URL and the way to them."
        )
        return Fault(OutcomeKind.PLATFORM_ERROR, code, detail, may_pass=True)
    return lost(code)


def lost(code: str) -> Fault:
    """Return what it means that a request was sent, and nobody knows what became of it."""
    detail = "The answer of AWS Lambda was lost. The function may have run, perhaps to its end."
    return Fault(OutcomeKind.UNKNOWN_OUTCOME, code, detail, is_unexecuted=False)


def unusable_settings(error: Exception) -> Fault:
    """Return what it means that boto3 raised `error` for what it was told."""
    code = type(error).__name__
    detail = (
        f"The settings of the platform for AWS are of no use ({code}). Look at "
        "SERVERLESS_LAMBDA_REGION, SERVERLESS_LAMBDA_ENDPOINT_URL and, if it is set, AWS_PROFILE."
    )
    return Fault(OutcomeKind.MISCONFIGURED, code, detail, message=str(error))


def not_lambda() -> Fault:
    """Return what it means that an answer has nothing that was asked for."""
    detail = (
        "What answers is not AWS Lambda, nor speaks as it does. Look at "
        "SERVERLESS_LAMBDA_ENDPOINT_URL."
    )
    return Fault(OutcomeKind.MISCONFIGURED, "NotLambda", detail)


def without_code(fault: Fault) -> Fault:
    """Return `fault` as that of a request for which no user code runs: it may be sent again."""
    if fault.kind is not OutcomeKind.UNKNOWN_OUTCOME:
        return fault
    detail = f"AWS did not answer as it should ({fault.code}); nothing ran. Call again shortly."
    return replace(fault, kind=OutcomeKind.PLATFORM_ERROR, detail=detail, is_unexecuted=True)


def is_denial(code: str) -> bool:
    """Claim that this word of AWS means that a permission is missing."""
    return code in _DENIED


def denied(permission: str, code: str, message: str = "") -> Fault:
    """Return what it means that AWS does not let us do what needs `permission`."""
    detail = f"The platform lacks the permission {permission} at AWS; its operator can grant it."
    return Fault(OutcomeKind.MISCONFIGURED, code, detail, permission=permission, message=message)


def _another_time(code: str, message: str) -> Fault:
    detail = (
        f"By the clock of this machine what it shows to AWS is of another time ({code}); "
        "nothing ran. Set its clock."
    )
    return Fault(OutcomeKind.MISCONFIGURED, code, detail, message=message)


def _answered(response: Mapping[str, Any], action: str) -> Fault:
    code = word(response["Error"].get("Code", ""))
    message = str(response["Error"].get("Message", ""))[:_MOST_MESSAGE]
    told: Mapping[str, Any] = response.get("ResponseMetadata", {})
    status = int(told.get("HTTPStatusCode", 0))
    retry_after_s = _seconds(told.get("HTTPHeaders", {}).get("retry-after"))
    if code in _THROTTLED or status == 429:  # noqa: PLR2004 - HTTP's own word for it.
        reason = word(response.get("Reason") or code)
        detail = f"AWS Lambda is at a limit of this account ({reason}); nothing ran."
        return Fault(
            OutcomeKind.THROTTLED,
            code,
            detail,
            may_pass=True,
            retry_after_s=retry_after_s,
            message=message,
        )
    if code == "ResourceNotFoundException":
        detail = "The function is not there (any more)."
        return Fault(OutcomeKind.NOT_DEPLOYED, code, detail, message=message)
    if code in _NOT_READY:
        detail = f"AWS Lambda is still preparing the function ({code}); nothing ran."
        return Fault(
            OutcomeKind.PLATFORM_ERROR,
            code,
            detail,
            may_pass=True,
            retry_after_s=retry_after_s,
            message=message,
        )
    if code in _TOO_LARGE or status == 413:  # noqa: PLR2004 - as above.
        detail = "The event with its envelope is larger than the 6 MB that AWS Lambda takes."
        return Fault(OutcomeKind.PAYLOAD_TOO_LARGE, code, detail, message=message)
    return _rejected(code, message, action, status)


def _unproven(code: str, message: str) -> Fault | None:
    """Return what is wrong with the credentials, if that is what AWS says."""
    if code in EXPIRED:
        detail = "The platform's credentials for AWS have expired; nothing ran."
        return Fault(OutcomeKind.MISCONFIGURED, code, detail, message=message)
    if _CLOCK.search(message):
        return _another_time(code, message)
    if code in _UNKNOWN_TO_AWS:
        detail = (
            f"AWS does not know the platform's credentials ({code}). Look at "
            "SERVERLESS_LAMBDA_ACCESS_KEY_ID and SERVERLESS_LAMBDA_SECRET_ACCESS_KEY, and whether "
            "the account has the region of SERVERLESS_LAMBDA_REGION switched on."
        )
        return Fault(OutcomeKind.MISCONFIGURED, code, detail, message=message)
    return None


def _unfit(code: str, message: str) -> Fault | None:
    """Return what is wrong with the function or its account, if that is what AWS says."""
    if code.startswith(_UNUSABLE):
        detail = f"AWS Lambda cannot start the function as it was set up ({code}); nothing ran."
    elif code == _FULL:
        detail = (
            "The account has no room for more code at AWS in this region; its operator removes "
            "functions there, or asks AWS for more."
        )
    elif _ELSEWHERE.search(message):
        detail = (
            "The role of SERVERLESS_LAMBDA_ROLE is in another account than the functions; it has "
            "to be in that of SERVERLESS_LAMBDA_SUBHOSTING_ROLE, or of the platform's credentials."
        )
    else:
        return None
    return Fault(OutcomeKind.MISCONFIGURED, code, detail, message=message)


def _rejected(code: str, message: str, action: str, status: int) -> Fault:
    known = _unproven(code, message) or _unfit(code, message)
    if known is not None:
        return known
    if code in _DENIED or status == 403:  # noqa: PLR2004 - as above.
        found = _PERMISSION.search(message)
        passes = _PASSES.search(message)
        missing = "iam:PassRole" if passes else found.group(1) if found else action
        return denied(missing, code, message)
    if status >= _SERVER_SIDE:
        detail = f"AWS Lambda failed ({code}). The function may have run, perhaps to its end."
        return Fault(
            OutcomeKind.UNKNOWN_OUTCOME, code, detail, is_unexecuted=False, message=message
        )
    detail = (
        f"AWS Lambda did not take the request ({code}). The operator of the platform looks at "
        "SERVERLESS_LAMBDA_REGION, SERVERLESS_LAMBDA_ROLE and SERVERLESS_LAMBDA_ENDPOINT_URL."
    )
    return Fault(OutcomeKind.MISCONFIGURED, code, detail, message=message)


def word(value: object) -> str:
    """Return a word of AWS as it may be told: what stands there instead of one is cut to that."""
    return _NO_WORD.sub("", str(value)[:_MOST_MESSAGE])[:_MOST_WORD]


def _seconds(value: object) -> float | None:
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return min(seconds, _MOST_RETRY_AFTER_S) if seconds > 0 else None
