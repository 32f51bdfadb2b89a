"""The committed OpenAPI document is the one that the routes make."""

import json
import re
import subprocess
import sys
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from runner.fairness.turnstile import TurnstileStatistics
from sanderling.api.engine_metrics import watch_engine
from sanderling.api.metrics import Metrics
from sanderling.api.openapi_document import build_openapi, openapi_text
from sanderling.api.push_metrics import count_notifications
from sanderling.docket import MemoryEngine
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.events import EventBus
from sanderling.metering.ports import LimiterStatistics
from support.house import ROOT

COMMITTED = ROOT / "docs" / "reference" / "openapi.json"
SUFFIXES = {"counter": "_total"}
RENEW = "python -m sanderling.api.openapi > docs/reference/openapi.json"


def _operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, operations in build_openapi()["paths"].items()
        for method, operation in operations.items()
    ]


def test_the_committed_document_is_up_to_date() -> None:
    """Whoever changes a route renews the document with it."""
    assert COMMITTED.read_text() == openapi_text(), f"renew it: {RENEW}"


def test_the_command_writes_the_document_and_nothing_else() -> None:
    """The command that renews the document is quiet and writes the same bytes each time."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "sanderling.api.openapi"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert (ran.stdout.decode(), ran.stderr) == (openapi_text(), b"")


def test_every_reference_leads_somewhere() -> None:
    """No part of the document points at a part that is not there."""
    document = build_openapi()
    text = json.dumps(document)
    references = {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}

    def leads_somewhere(reference: str) -> bool:
        place: Any = document
        for step in reference.split("/"):
            place = None if place is None else place.get(step)
        return place is not None

    assert references
    assert [found for found in sorted(references) if not leads_somewhere(found)] == []


def test_every_route_of_v1_needs_a_key_and_names_its_permission() -> None:
    """Nobody adds a route of `/v1` that forgets to ask who is calling."""
    open_routes = [
        name
        for name, operation in _operations()
        if "/v1/" in name
        and not (operation.get("security") and operation.get("x-sanderling-permission"))
    ]

    assert open_routes == []


def test_every_failure_is_a_problem_document() -> None:
    """Each response that is not a success has the one schema that callers know."""
    shared = build_openapi()["components"]["responses"]
    odd = [
        (name, status)
        for name, operation in _operations()
        for status, response in operation["responses"].items()
        if status[0] not in "23" and response["$ref"].rpartition("/")[2] not in shared
    ]

    assert odd == []
    assert {tuple(response["content"]) for response in shared.values()} == {
        ("application/problem+json",)
    }


def test_every_route_is_in_the_reference() -> None:
    """The page of the HTTP API lists each route with the permission that it needs, and no other."""
    page = (ROOT / "docs" / "reference" / "http-api.md").read_text()
    listed = set(re.findall(r"^\| `([A-Z]+ /\S*)` \| `?([a-z.]+)`? \|", page, re.MULTILINE))

    assert listed == {
        (name, operation.get("x-sanderling-permission", "none"))
        for name, operation in _operations()
    }


def test_every_metric_is_in_the_reference() -> None:
    """The page of metrics lists each metric of ours, and no other."""
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))

    metrics = Metrics(version="0")
    count_notifications(EventBus(), metrics.registry)
    metrics.watch_limits(lambda: LimiterStatistics({}))
    metrics.watch_calls(lambda: TurnstileStatistics(0, 0, {}))
    watch_engine(MemoryEngine(SystemClock(), drain_s=0), metrics.registry)
    metrics.measure_functions(EventBus(), limit=1)
    families = text_string_to_metric_families(metrics.text().decode())
    ours = {
        f"{family.name}{SUFFIXES.get(family.type, '')}"
        for family in families
        if family.name.startswith("sanderling_")
    }
    assert listed == ours
