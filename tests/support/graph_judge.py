"""Judges both sides of what passes between a client and the simulated Graph."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sanderling.simulator.core.exchange import Answer, Asked
from support.graph_metadata import graph_metadata
from support.graph_rules import Rules

_ROOT = "/v1.0"
_BATCH = f"{_ROOT}/$batch"
_RAW = "/$value"
"""What asks for the bytes of a file: its page describes it, the metadata does not."""


class GraphJudge:
    """Hears every request of a site with its answer, and keeps what is wrong with either."""

    def __init__(self) -> None:
        """Take the metadata."""
        self.wrong: list[str] = []
        self.heard: set[str] = set()
        self._metadata = graph_metadata()
        self._rules = Rules(self._metadata)

    def __call__(self, asked: Asked, answer: Answer) -> None:
        """Judge one request and its answer, or those of a batch."""
        if asked.path == _BATCH and answer.status == 200:
            self._judge_batch(asked, json.loads(answer.body)["responses"])
        elif asked.path == _BATCH:
            self._judge_refusal(answer.status, json.loads(answer.body))
        elif asked.path.startswith(f"{_ROOT}/"):
            body = None if asked.path.endswith(_RAW) else json.loads(answer.body or b"null")
            if asked.method != "GET":
                self._judge_writing(asked, answer.status, body)
                return
            self._judge(asked.path, asked.query, answer.status, body)

    def _judge_batch(self, asked: Asked, responses: list[Any]) -> None:
        answered = {one["id"]: one for one in responses}
        for part in asked.json()["requests"]:
            url = urlsplit(str(part["url"]))
            query = tuple(parse_qsl(url.query, keep_blank_values=True))
            told = answered[part["id"]]
            self._judge(f"{_ROOT}{url.path}", query, told["status"], told["body"])

    def _judge(self, path: str, query: tuple[tuple[str, str], ...], status: int, body: Any) -> None:
        operation = self._metadata.reading(path.removeprefix(_ROOT).removesuffix(_RAW))
        if operation is None:
            self.wrong.append(f"{path} is no path")
            return
        raw = _RAW if path.endswith(_RAW) else ""
        self.heard.add(f"{operation.path}{raw}")
        if status >= 400:
            self._judge_refusal(status, body)
            return
        self.wrong += self._rules.wrong_with_request(operation, query)
        if not raw:
            self.wrong += self._rules.wrong_with_answer(operation, body)

    def _judge_writing(self, asked: Asked, status: int, body: Any) -> None:
        """Judge a request that makes, changes or removes one of a collection."""
        path = asked.path.removeprefix(_ROOT)
        one = f"{path}/x" if asked.method == "POST" else path
        operation, own = self._metadata.reading(one), self._metadata.reading(path)
        if operation is None or own is None:
            self.wrong.append(f"{asked.method} {path} is no path")
            return
        self.heard.add(f"{asked.method} {own.path}")
        if asked.body:
            given = json.loads(asked.body)
            self.wrong += self._rules.wrong_with_body(operation, given)
        if status >= 400:
            self._judge_refusal(status, body)
        elif body is not None:
            self.wrong += self._rules.wrong_with_answer(operation, body)

    def _judge_refusal(self, status: int, body: Any) -> None:
        if body is not None:
            self.wrong += [f"{status}: {each}" for each in self._rules.wrong_with_refusal(body)]
