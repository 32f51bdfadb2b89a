"""Definitions as canonical JSON: plain ASCII, which every database can hold."""

import json
from dataclasses import asdict

from drivers.limits import Limits
from drivers.port import Isolation
from runner.function import Definition, RateLimit


def definition_text(definition: Definition) -> str:
    """Return the one text that stands for `definition`."""
    return json.dumps(asdict(definition), sort_keys=True, separators=(",", ":"))


def definition_from_text(text: str) -> Definition:
    """Return what `definition_text` was given; texts of earlier releases have fewer members."""
    kept = json.loads(text)
    rate_limit = kept["rate_limit"]
    return Definition(
        source=kept["source"],
        limits=Limits(**kept["limits"]),
        isolation=Isolation(kept["isolation"]),
        rate_limit=None if rate_limit is None else RateLimit(**rate_limit),
        is_idempotent=kept.get("is_idempotent", False),
        concurrency=kept.get("concurrency"),
    )
