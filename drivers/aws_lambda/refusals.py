"""Writes to the log what AWS refused of the control plane, so that its operator can act."""

import structlog

from drivers.aws_lambda.faults import Fault

_log = structlog.get_logger()

_MOST_MESSAGE = 300
# Their messages say what of a request AWS does not like. Others may hold more: that of a wrong
# signature has the text that was signed, with the token of the session.
_TELLING = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidParameterValueException",
        "ValidationException",
    }
)


def note_refusal(fault: Fault) -> None:
    """Log why a request came to nothing that no call was sent by, with AWS's own message."""
    _log.warning(
        "lambda.refused",
        code=fault.code,
        permission=fault.permission,
        outcome=fault.kind.value,
        message=fault.message[:_MOST_MESSAGE] if fault.code in _TELLING else "",
    )
