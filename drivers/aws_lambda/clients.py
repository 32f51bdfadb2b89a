"""Makes the clients of boto3; nothing else in the product imports it, and only when it is used.

There are two because they differ in what may be sent twice. Every request to the control plane
may, since names follow from contents; a call of user code may not, and what boto3 does by itself
after a lost answer would run it again.
"""

import importlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drivers.aws_lambda.pacing import Pace
from drivers.aws_lambda.settings import LambdaSettings
from drivers.limits import CEILINGS

_CONTROL_ATTEMPTS = 8
_CONTROL_AT_ONCE = 8
_CONNECT_S = 3.0
_CONTROL_READ_S = 60.0
# Beyond the hard end of the longest function, so that a silence means a lost answer.
_INVOKE_READ_S = CEILINGS["wall_s"] + 2 + 15
_SESSION_NAME = "sanderling"
_SESSION_S = 3600
_SELDOM_S = 5.0
_OWN_QUOTA = "GetFunction"


@dataclass(frozen=True, slots=True)
class Clients:
    """Both clients, made by boto3 at run time and therefore without types.

    `errors` are what their methods raise. All of it may be used from many threads.
    """

    control: Any
    invoke: Any
    errors: tuple[type[Exception], ...]


class Connection:
    """The clients in use, and new ones when AWS takes the credentials for expired."""

    def __init__(
        self,
        settings: LambdaSettings,
        *,
        connect: "Callable[[LambdaSettings], Clients] | None" = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect when the clients are first asked for; in a thread, since it takes a while."""
        self._settings = settings
        self._connect = connect or connect_clients
        self._now_s = now_s
        self._lock = threading.Lock()
        self._made: Clients | None = None
        self._made_at_s = 0.0

    @property
    def clients(self) -> Clients:
        """The clients to use now."""
        with self._lock:
            if self._made is None:
                self._made = self._connect(self._settings)
                self._made_at_s = self._now_s()
            return self._made

    def renew(self, refused: Clients) -> bool:
        """Claim that there are other clients than `refused`, making some if it is time to."""
        with self._lock:
            if self._made is not refused:
                return True
            if self._now_s() - self._made_at_s < _SELDOM_S:
                # Fresh credentials were refused, and newer ones would be as well.
                return False
            self._made = self._connect(self._settings)
            self._made_at_s = self._now_s()
            return True


def connect_clients(settings: LambdaSettings, *, invoke_read_s: float = _INVOKE_READ_S) -> Clients:
    """Return clients for `settings`; no request is sent before one is used.

    An answer to a call is waited for `invoke_read_s` seconds.

    Raises:
        Exception: one of boto3's own kinds, for settings that it cannot use.

    """
    config, exceptions = _library("botocore.config"), _library("botocore.exceptions")
    session = _session(settings)
    control = session.client(
        "lambda",
        endpoint_url=settings.endpoint_url or None,
        config=config.Config(
            retries={"mode": "adaptive", "total_max_attempts": _CONTROL_ATTEMPTS},
            connect_timeout=_CONNECT_S,
            read_timeout=_CONTROL_READ_S,
            max_pool_connections=_CONTROL_AT_ONCE,
            user_agent_extra=_SESSION_NAME,
        ),
    )
    invoke = session.client(
        "lambda",
        endpoint_url=settings.endpoint_url or None,
        config=config.Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=_CONNECT_S,
            read_timeout=invoke_read_s,
            max_pool_connections=settings.concurrency,
            tcp_keepalive=True,
            user_agent_extra=_SESSION_NAME,
        ),
    )
    _pace(control, Pace(settings.control_rps))
    return Clients(control, invoke, (exceptions.BotoCoreError, exceptions.ClientError))


def _pace(control: Any, pace: Pace) -> None:
    def wait(event_name: str, **_: object) -> None:
        if not event_name.endswith(f".{_OWN_QUOTA}"):
            pace.wait()

    # Before each attempt, so that what boto3 sends again is counted as well.
    control.meta.events.register("before-send.lambda", wait)


def _library(name: str) -> Any:
    """Load a part of boto3, which has no types; a server without Lambda never comes here."""
    return importlib.import_module(name)


def _session(settings: LambdaSettings) -> Any:
    base = _library("boto3.session").Session(
        aws_access_key_id=settings.access_key_id or None,
        aws_secret_access_key=settings.secret_access_key or None,
        region_name=settings.region,
    )
    return _subhosted(settings, base) if settings.subhosting_role else base


class _Subhosting:
    """The one source of credentials of a session: another role, taken on again and again.

    boto3 asks for new ones a quarter of an hour before the old ones end.
    """

    METHOD = "sanderling-subhosting"
    CANONICAL_NAME = METHOD

    def __init__(self, sts: Any, role: str) -> None:
        self._sts = sts
        self._role = role

    def load(self) -> Any:
        credentials = _library("botocore.credentials")
        return credentials.DeferredRefreshableCredentials(self._assume, self.METHOD)

    def _assume(self) -> dict[str, str]:
        answer = self._sts.assume_role(
            RoleArn=self._role, RoleSessionName=_SESSION_NAME, DurationSeconds=_SESSION_S
        )["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }


def _subhosted(settings: LambdaSettings, base: Any) -> Any:
    sts = base.client("sts", endpoint_url=settings.endpoint_url or None)
    core = _library("botocore.session").Session()
    core.set_config_variable("region", settings.region)
    chain = core.get_component("credential_provider")
    chain.insert_before("env", _Subhosting(sts, settings.subhosting_role))
    return _library("boto3.session").Session(botocore_session=core)
