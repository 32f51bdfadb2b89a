"""Takes on another role, again and again, before Lambda is asked for anything."""

import importlib
from datetime import UTC, datetime
from typing import Any

from drivers.aws_lambda.faults import Fault, Refused, fault_of, without_code
from drivers.port import OutcomeKind

SESSION_NAME = "sanderling"
_ACTION = "sts:AssumeRole"
_SESSION_S = 3600


class Subhosting:
    """The one source of credentials of a session, in the form in which boto3 asks for one.

    boto3 asks for new credentials a quarter of an hour before the old ones end.
    """

    METHOD = "sanderling-subhosting"
    CANONICAL_NAME = METHOD

    def __init__(self, sts: Any, role: str, errors: tuple[type[Exception], ...]) -> None:
        """Ask `sts`, a client of boto3 whose methods raise `errors`, for `role`."""
        self._sts = sts
        self._role = role
        self._errors = errors

    def load(self) -> Any:
        """Return credentials that renew themselves; none are asked for before they are used.

        Using them raises Refused where the role cannot be taken on.
        """
        credentials: Any = importlib.import_module("botocore.credentials")  # It has no types.
        return credentials.DeferredRefreshableCredentials(self._assume, self.METHOD)

    def _assume(self) -> dict[str, str]:
        try:
            answer = self._sts.assume_role(
                RoleArn=self._role, RoleSessionName=SESSION_NAME, DurationSeconds=_SESSION_S
            )["Credentials"]
            ends_at: datetime = answer["Expiration"]
            is_over = ends_at <= datetime.now(UTC)
            taken = {
                "access_key": answer["AccessKeyId"],
                "secret_key": answer["SecretAccessKey"],
                "token": answer["SessionToken"],
                "expiry_time": ends_at.isoformat(),
            }
        except self._errors as error:
            raise Refused(without_code(fault_of(error, _ACTION))) from error
        if is_over:
            raise Refused(_ended())
        return taken


def _ended() -> Fault:
    detail = (
        "The role of SERVERLESS_LAMBDA_SUBHOSTING_ROLE was taken on for a time that is over by "
        "the clock of this machine; set its clock."
    )
    return Fault(OutcomeKind.MISCONFIGURED, "SessionEnded", detail)
