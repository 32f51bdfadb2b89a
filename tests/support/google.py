"""A simulated Google with one person, asked directly, without any transport."""

import json
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

from sanderling.kernel.clock import VirtualClock
from sanderling.simulator.core.exchange import Answer, Asked, encoded
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google import google_site, google_world
from support.simulated import START

ADA = "ada@example.com"
AUTH = "https://www.googleapis.com/auth"
SCOPES = frozenset(
    {"openid", "email", "profile", f"{AUTH}/gmail.readonly", f"{AUTH}/calendar.events"}
)
Query = tuple[tuple[str, str], ...]


def query_of(params: dict[str, object]) -> Query:
    """Return parameters as they stand in a query; lists are repeated."""
    pairs: list[tuple[str, str]] = []
    for name, values in params.items():
        several = cast("list[object]", values) if isinstance(values, list) else [values]
        pairs += [(name, str(value)) for value in several]
    return tuple(pairs)


@dataclass(slots=True)
class Google:
    """Ada's account, and a token for it."""

    mails: int = 0
    meetings: int = 0
    scopes: frozenset[str] = SCOPES
    world: World = field(init=False)
    site: Site = field(init=False)
    person: Person = field(init=False)
    token: str = field(init=False)

    def __post_init__(self) -> None:
        """Let Ada live there."""
        self.world = google_world(VirtualClock(START))
        self.world.drip_s = 0
        self.site = google_site(self.world)
        self.person = self.world.settle(ADA, "Ada", mails=self.mails, meetings=self.meetings)
        self.token = self.world.oauth.issue(ADA, self.scopes).access_token

    def ask(self, method: str, path: str, body: bytes = b"", /, **params: object) -> Answer:
        """Return the answer to Ada's request."""
        headers = {"authorization": f"Bearer {self.token}"}
        asked = Asked(method, path, query_of(params), headers, body, "http://google.test")
        return self.site.answer(asked)

    def get(self, path: str, **params: object) -> Any:
        """Return what a request that succeeds finds."""
        answer = self.ask("GET", path, **params)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def refusal(self, path: str, **params: object) -> tuple[int, str]:
        """Return the status and the reason of a request that is refused."""
        answer = self.ask("GET", path, **params)
        error = json.loads(answer.body)["error"]
        assert error["code"] == answer.status
        return answer.status, error["errors"][0]["reason"]

    def mailbox(self, path: str, **params: object) -> Any:
        """Return what a request to Gmail finds."""
        return self.get(f"/gmail/v1/users/me/{path}", **params)

    def events(self, **params: object) -> Any:
        """Return a page of Ada's events."""
        return self.get("/calendar/v3/calendars/primary/events", **params)

    def post(self, path: str, given: object) -> Answer:
        """Return the answer to a request with JSON."""
        return self.ask("POST", path, encoded(given))

    def form(self, path: str, **given: str) -> tuple[int, Any]:
        """Return what a form of OAuth brings."""
        asked = Asked("POST", path, body=urlencode(given).encode())
        answer = self.site.answer(asked)
        return answer.status, json.loads(answer.body)

    def page(self, path: str, **params: object) -> Answer:
        """Return what a browser gets."""
        return self.site.answer(Asked("GET", path, query_of(params)))

    def all_pages(self, path: str, key: str, **params: object) -> list[Any]:
        """Return the items of every page, in order."""
        found: list[Any] = []
        more: dict[str, object] = {}
        while True:
            page = self.get(path, **params, **more)
            found += page.get(key, [])
            if "nextPageToken" not in page:
                return found
            more = {"pageToken": page["nextPageToken"]}
