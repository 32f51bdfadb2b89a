"""Somebody whom simulated providers tell of changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2

from sanderling.kernel.clock import Clock

ADDRESS = "https://listener.test/push"


@dataclass
class Listener:
    """Hears what is sent, and answers with a status; a validation is answered as Graph wants it."""

    status: int = 200
    heard: list[httpx2.Request] = field(default_factory=list[httpx2.Request])
    validation: httpx2.Response | Exception | None = None
    """What a validation gets in place of its token."""

    @property
    def transport(self) -> httpx2.MockTransport:
        """Return what leads to this one."""
        return httpx2.MockTransport(self._hear)

    def _hear(self, request: httpx2.Request) -> httpx2.Response:
        self.heard.append(request)
        token = request.url.params.get("validationToken")
        if token is None:
            return httpx2.Response(self.status)
        if isinstance(self.validation, Exception):
            raise self.validation
        return self.validation or httpx2.Response(200, text=token)


def subscription_to(resource: str, clock: Clock, **changed: str) -> Mapping[str, str]:
    """Return what is posted to subscribe for a week."""
    until = clock.now() + timedelta(days=7)
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": ADDRESS,
        "lifecycleNotificationUrl": ADDRESS,
        "resource": resource,
        "expirationDateTime": until.isoformat(),
        "clientState": "hush",
    } | changed
