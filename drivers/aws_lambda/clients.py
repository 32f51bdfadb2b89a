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

from drivers.aws_lambda.faults import Refused, unusable_settings
from drivers.aws_lambda.pacing import Pace
from drivers.aws_lambda.settings import LambdaSettings
from drivers.aws_lambda.subhosting import SESSION_NAME, Subhosting
from drivers.limits import CEILINGS

_CONTROL_ATTEMPTS = 8
_CONTROL_AT_ONCE = 8
_CONNECT_S = 3.0
_CONTROL_READ_S = 60.0
# Beyond the hard end of the longest function, so that a silence means a lost answer.
_INVOKE_READ_S = CEILINGS["wall_s"] + 2 + 15
_STS_READ_S = 15.0
_STS_ATTEMPTS = 3
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
        """The clients to use now.

        Raises:
            Refused: there are none for the settings.

        """
        with self._lock:
            if self._made is None:
                self._made = self._connect(self._settings)
                self._made_at_s = self._now_s()
            return self._made

    def renew(self, refused: Clients) -> bool:
        """Claim that there are other clients than `refused`, making some if it is time to.

        Raises:
            Refused: there are none for the settings any more.

        """
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
        Refused: boto3 cannot use the settings.

    """
    errors = _errors()
    try:
        return _connected(settings, errors, invoke_read_s)
    except errors as error:
        raise Refused(unusable_settings(error)) from error


def _errors() -> tuple[type[Exception], ...]:
    exceptions, parsers = _library("botocore.exceptions"), _library("botocore.parsers")
    transport = _library("urllib3.exceptions")
    return (
        exceptions.BotoCoreError,
        exceptions.ClientError,
        parsers.ResponseParserError,
        # Of a body that breaks off boto3 translates only some ways, and TLS has others.
        transport.HTTPError,
        OSError,
        # Plain errors are what boto3 raises of an address that is none, when credentials are stale
        # however often they are renewed, and when it stumbles over an answer that is no answer of
        # AWS. A call that was answered so may have run, so none of them may pass for a defect.
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    )


def _connected(
    settings: LambdaSettings, errors: tuple[type[Exception], ...], invoke_read_s: float
) -> Clients:
    config = _library("botocore.config")
    session = _session(settings, errors)
    control = session.client(
        "lambda",
        endpoint_url=settings.endpoint_url or None,
        config=config.Config(
            retries={"mode": "adaptive", "total_max_attempts": _CONTROL_ATTEMPTS},
            connect_timeout=_CONNECT_S,
            read_timeout=_CONTROL_READ_S,
            max_pool_connections=_CONTROL_AT_ONCE,
            user_agent_extra=SESSION_NAME,
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
            user_agent_extra=SESSION_NAME,
        ),
    )
    _pace(control, Pace(settings.control_rps))
    return Clients(control, invoke, errors)


def _pace(control: Any, pace: Pace) -> None:
    def wait(event_name: str, **_: object) -> None:
        if not event_name.endswith(f".{_OWN_QUOTA}"):
            pace.wait()

    # Before each attempt, so that what boto3 sends again is counted as well.
    control.meta.events.register("before-send.lambda", wait)


def _library(name: str) -> Any:
    """Load a part of boto3, which has no types; a server without Lambda never comes here."""
    return importlib.import_module(name)


def _session(settings: LambdaSettings, errors: tuple[type[Exception], ...]) -> Any:
    base = _library("boto3.session").Session(
        aws_access_key_id=settings.access_key_id or None,
        aws_secret_access_key=settings.secret_access_key or None,
        region_name=settings.region,
    )
    return _subhosted(settings, base, errors) if settings.subhosting_role else base


def _subhosted(settings: LambdaSettings, base: Any, errors: tuple[type[Exception], ...]) -> Any:
    sts = base.client(
        "sts",
        endpoint_url=settings.endpoint_url or None,
        config=_library("botocore.config").Config(
            retries={"mode": "standard", "total_max_attempts": _STS_ATTEMPTS},
            connect_timeout=_CONNECT_S,
            read_timeout=_STS_READ_S,
        ),
    )
    core = _library("botocore.session").Session()
    core.set_config_variable("region", settings.region)
    chain = core.get_component("credential_provider")
    chain.insert_before("env", Subhosting(sts, settings.subhosting_role, errors))
    return _library("boto3.session").Session(botocore_session=core)
