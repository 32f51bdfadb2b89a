"""Keeps docket from unpickling: what is read from Redis must never run as code.

docket pickles arguments and unpickles what it reads, so whoever can write to Redis could run
code as the host, which holds the secret of the instance. Tickets carry one short text. Here JSON
takes the place of the pickler, and anything else is nothing. It relies on names inside
docket, so its release is bounded, and a test plants a pickle in Redis.
"""

import json
from importlib import import_module
from typing import Any

_PICKLING = ("docket.execution", "docket.strikelist")


class _Plain:
    """Stand where docket looks for its pickler."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        return json.dumps(value).encode()

    @staticmethod
    def loads(text: bytes) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            # Not one of ours; what comes of None fails where it hurts only this message.
            return None


def refuse_pickles() -> None:
    """Read and write plain values from now on, in this process."""
    for name in _PICKLING:
        module = import_module(name)
        assert hasattr(module, "cloudpickle"), name  # noqa: S101 - else nothing is refused.
        vars(module)["cloudpickle"] = _Plain
