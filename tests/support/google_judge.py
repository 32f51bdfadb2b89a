"""Judges both sides of what passes between a client and the simulated Google."""

import json
import re
from urllib.parse import parse_qsl

from sanderling.simulator.core.exchange import Answer, Asked
from support.google_client import description

_PART = re.compile(rb"^GET (\S+)", re.MULTILINE)


class Judge:
    """Hears every request of a site with its answer, and keeps what is wrong with either."""

    def __init__(self) -> None:
        """Take both descriptions."""
        self.wrong: list[str] = []
        self.heard: set[str] = set()
        self._descriptions = [description("gmail.v1"), description("calendar.v3")]

    def __call__(self, asked: Asked, answer: Answer) -> None:
        """Judge one request and its answer, or the requests of a batch."""
        for target in _PART.findall(asked.body) if asked.path.startswith("/batch") else ():
            path, _, query = target.decode().partition("?")
            self._judge_request("GET", path, tuple(parse_qsl(query, keep_blank_values=True)))
        for found in self._descriptions:
            name = found.method_of(asked.method, asked.path)
            if name is None:
                continue
            self.heard.add(name)
            if asked.body and not asked.path.startswith("/batch"):
                given = json.loads(asked.body)
                # An empty object is sent by those who have nothing to say.
                self.wrong += found.wrong_with_body(name, given) if given else []
            if answer.status == 200:
                self.wrong += found.wrong_with_request(name, asked.query)
                self.wrong += found.wrong_with_answer(name, json.loads(answer.body))
            elif answer.status != 204:
                self.wrong += _wrong_error(name, answer)

    def _judge_request(self, verb: str, path: str, query: tuple[tuple[str, str], ...]) -> None:
        names = [(found, found.method_of(verb, path)) for found in self._descriptions]
        known = [(found, name) for found, name in names if name is not None]
        if not known:
            self.wrong.append(f"{verb} {path} is no method")
        for found, name in known:
            self.heard.add(name)
            self.wrong += found.wrong_with_request(name, query)


def _wrong_error(name: str, answer: Answer) -> list[str]:
    error = json.loads(answer.body).get("error", {})
    has_all = {"code", "message", "errors", "status"} <= error.keys()
    if not has_all or error["code"] != answer.status or not error["errors"][0]["reason"]:
        return [f"{name} refuses with {answer.body!r}"]
    return []
