"""The control plane: functions are made, looked at and removed, and never changed.

Everything in here blocks and runs in threads; every step may be done twice.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, cast

from drivers.aws_lambda.blueprint import MANAGED_BY, NAMESPACE, OURS, Blueprint
from drivers.aws_lambda.clients import Clients, Connection
from drivers.aws_lambda.faults import (
    Fault,
    Refused,
    denied,
    fault_of,
    is_denial,
    not_lambda,
    without_code,
    word,
)
from drivers.aws_lambda.likeness import departures
from drivers.aws_lambda.settings import LambdaSettings
from drivers.port import OutcomeKind

_READY = frozenset({"Active", "Inactive"})
_FAILED = "Failed"
_ROLE_NOT_YET = re.compile(r"cannot be assumed|role defined for the function", re.IGNORECASE)
_KEY_NOT_YET = re.compile(r"KMS key is invalid", re.IGNORECASE)
_TENANCY = re.compile(r"tenan", re.IGNORECASE)
_SEES_TAGS = "lambda:ListTags"
_MOST_REMADE = 2
_FIRST_PAUSE_S = 0.1
_MOST_PAUSE_S = 5.0
# More functions than the code storage of a region has room for.
_MOST_PAGES = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """A function as AWS tells of it.

    `is_ours` claims that it has the tags of our namespace. `has_tags` is false as well where AWS
    keeps them from us, which it does without a word. `setup` is all that AWS tells.
    """

    name: str
    state: str
    reason: str
    sha256: str
    is_ours: bool
    has_tags: bool
    is_per_tenant: bool
    setup: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list of functions."""

    name: str
    made_at: datetime | None


class Removal(Enum):
    """What became of a function that was to be removed."""

    REMOVED = "removed"
    GONE = "gone"
    """Somebody else was first."""
    FOREIGN = "foreign"
    """It has not our tags, and was left."""


class TenancyUnavailable(Exception):
    """This region, or whatever stands for it, does not isolate by tenant."""


class Control:
    """Make, find, list and remove functions."""

    def __init__(
        self,
        connection: Connection,
        settings: LambdaSettings,
        *,
        pause: Callable[[float], object] = time.sleep,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use the clients of `connection`; `pause` waits in the calling thread."""
        self._connection = connection
        self._settings = settings
        self._pause = pause
        self._now_s = now_s

    def ensure(self, blueprint: Blueprint, *, within_s: float) -> bool:
        """See that the function is there and ready; return whether this call made it.

        After `within_s` seconds nothing more is waited for.

        Raises:
            Refused: it is not, with why.
            TenancyUnavailable: it was to be isolated by tenant and cannot be.

        """
        began_s, pause_s, made, remade = self._now_s(), _FIRST_PAUSE_S, False, 0
        waits_for = "it did not become active"
        while self._now_s() - began_s < within_s:
            found = self.find(blueprint.name)
            if found is None:
                waits_for = self._create(blueprint)
                made = made or not waits_for
                if not waits_for:
                    continue
            elif not found.is_ours:
                raise Refused(_foreign(found))
            elif found.state in _READY:
                self._check(found, blueprint)
                return made
            elif found.state == _FAILED:
                if remade == _MOST_REMADE:
                    raise Refused(_failed(found))
                self.delete(found.name)
                remade += 1
                continue
            self._pause(random.uniform(pause_s / 2, pause_s))  # noqa: S311 - it spreads waiting.
            pause_s = min(_MOST_PAUSE_S, pause_s * 1.6)
        raise Refused(_late(waits_for))

    def _check(self, found: Found, blueprint: Blueprint) -> None:
        if found.sha256 != blueprint.bundle.sha256:
            raise Refused(_tampered(found.name))
        departed = departures(found.setup, blueprint.request(self._settings))
        if departed:
            raise Refused(_changed(found.name, departed))

    def _create(self, blueprint: Blueprint) -> str:
        """Return why it is not made yet; empty when this call made it."""
        try:
            self._ask("create_function", "lambda:CreateFunction", blueprint.request(self._settings))
        except Refused as refused:
            code, message = refused.fault.code, refused.fault.message
            if code == "ResourceConflictException":
                # Somebody else made it at the same time (and the same, since the name says so),
                # or removes one of that name.
                return "another process makes or removes it"
            if code == "InvalidParameterValueException" and _ROLE_NOT_YET.search(message):
                return "AWS Lambda cannot assume the role of SERVERLESS_LAMBDA_ROLE"
            if code == "InvalidParameterValueException" and _KEY_NOT_YET.search(message):
                return "its key is not known to AWS Lambda yet"
            if blueprint.is_per_tenant and _lacks_tenancy(refused.fault):
                raise TenancyUnavailable from refused
            raise
        return ""

    def find(self, name: str) -> Found | None:
        """Return the function of this name.

        Raises:
            Refused: AWS would not tell.

        """
        try:
            # GetFunction has a quota of its own, far above that of all others together.
            told = self._ask("get_function", "lambda:GetFunction", {"FunctionName": name})
        except Refused as refused:
            if refused.fault.kind is OutcomeKind.NOT_DEPLOYED:
                return None
            raise
        about, tags = _members(told.get("Configuration")), _members(told.get("Tags"))
        if not about:
            raise Refused(not_lambda())
        if told.get("TagsError"):
            raise Refused(_tagless(_members(told["TagsError"])))
        tenancy = _members(about.get("TenancyConfig"))
        return Found(
            name=name,
            state=str(about.get("State", "Active")),
            reason=str(about.get("StateReasonCode", "")),
            sha256=str(about.get("CodeSha256", "")),
            is_ours=self._is_ours(tags),
            has_tags=bool(tags),
            is_per_tenant=tenancy.get("TenantIsolationMode") == "PER_TENANT",
            setup=about,
        )

    def _is_ours(self, tags: dict[str, Any]) -> bool:
        return tags.get(MANAGED_BY) == OURS and tags.get(NAMESPACE) == self._settings.namespace

    def delete(self, name: str) -> None:
        """Remove a function; one that is not there is no fault.

        Raises:
            Refused: AWS would not.

        """
        try:
            self._ask("delete_function", "lambda:DeleteFunction", {"FunctionName": name})
        except Refused as refused:
            if refused.fault.kind is not OutcomeKind.NOT_DEPLOYED:
                raise

    def delete_ours(self, name: str) -> Removal:
        """Remove a function if it has our tags, and say what became of it.

        Raises:
            Refused: AWS would not.

        """
        found = self.find(name)
        if found is None:
            return Removal.GONE
        if not found.is_ours:
            return Removal.FOREIGN
        self.delete(name)
        return Removal.REMOVED

    def list_all(self) -> Iterator[Listed]:
        """Yield every function of the namespace, whoever made it.

        Raises:
            Refused: AWS would not tell.

        """
        marker: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            told = self._ask("list_functions", "lambda:ListFunctions", marker)
            yield from self._listed(told.get("Functions"))
            following = told.get("NextMarker")
            if not following:
                return
            if following == marker.get("Marker"):
                break
            marker = {"Marker": following}
        # A list without end would be walked through for ever.
        raise Refused(not_lambda())

    def _listed(self, functions: object) -> Iterator[Listed]:
        if not isinstance(functions, list):
            raise Refused(not_lambda())
        for each in cast("list[object]", functions):
            about = _members(each)
            name = about.get("FunctionName")
            if not isinstance(name, str):
                raise Refused(not_lambda())
            if name.startswith(f"{self._settings.namespace}-"):
                yield Listed(name, _moment(about.get("LastModified")))

    def _ask(self, method: str, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        clients = self._connection.clients
        try:
            return _asked(clients, method, action, arguments)
        except Refused as refused:
            if not refused.fault.is_expired or not self._connection.renew(clients):
                raise
        return _asked(self._connection.clients, method, action, arguments)


def _asked(clients: Clients, method: str, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = getattr(clients.control, method)(**arguments)
    except clients.errors as error:
        raise Refused(without_code(fault_of(error, action))) from error
    return cast("dict[str, Any]", answer)


def _members(value: object) -> dict[str, Any]:
    """Return the members of what should be an object; of anything else none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _lacks_tenancy(fault: Fault) -> bool:
    return fault.code in {"InvalidParameterValueException", "ParamValidationError"} and bool(
        _TENANCY.search(fault.message)
    )


def _moment(text: object) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None


def _foreign(found: Found) -> Fault:
    detail = f"The name {found.name} belongs to a function that Sanderling did not make."
    if found.has_tags:
        return Fault(OutcomeKind.MISCONFIGURED, "ForeignFunction", detail)
    detail = (
        f"The function {found.name} shows no tags: the platform lacks the permission {_SEES_TAGS} "
        "at AWS, or Sanderling did not make it."
    )
    return Fault(OutcomeKind.MISCONFIGURED, "NoTags", detail, permission=_SEES_TAGS)


def _tagless(told: dict[str, Any]) -> Fault:
    """Return what it means that AWS tells of a function and not of its tags."""
    code = word(told.get("ErrorCode", ""))
    if is_denial(code):
        return denied(_SEES_TAGS, code)
    detail = f"AWS Lambda did not tell the tags of a function ({code}). Call again shortly."
    return Fault(OutcomeKind.PLATFORM_ERROR, "TagsError", detail)


def _tampered(name: str) -> Fault:
    detail = (
        f"The code of {name} at AWS is not the code that was deployed (CodeSha256 differs); "
        "it is not called. Find out who changed it, then delete it there."
    )
    return Fault(OutcomeKind.MISCONFIGURED, "CodeSha256Mismatch", detail)


def _changed(name: str, departed: tuple[str, ...]) -> Fault:
    detail = (
        f"The function {name} at AWS is not as it was made ({', '.join(departed)} differ); it is "
        "not called. Find out who changed it, then delete it there."
    )
    return Fault(OutcomeKind.MISCONFIGURED, "FunctionChanged", detail)


def _failed(found: Found) -> Fault:
    detail = f"AWS Lambda could not prepare the function ({found.reason or 'no reason given'})."
    return Fault(OutcomeKind.PLATFORM_ERROR, "FunctionFailed", detail)


def _late(waits_for: str) -> Fault:
    kind = OutcomeKind.MISCONFIGURED if "role" in waits_for else OutcomeKind.PLATFORM_ERROR
    return Fault(kind, "DeploymentLate", f"The function was not deployed in time: {waits_for}.")
