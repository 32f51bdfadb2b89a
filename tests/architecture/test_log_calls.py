"""What is logged has a constant, documented name and carries no payload."""

import ast
from collections.abc import Iterator
from pathlib import Path

from sanderling.kernel.log_events import LOG_EVENTS

ROOT = Path(__file__).parents[2]
ROOMS = ("sanderling", "config", "drivers", "jobs", "runner")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
PAYLOADS = {
    *("source", "event_json", "event", "result", "result_json", "logs", "body", "payload"),
    *("key", "key_text", "text", "token", "secret", "password", "url", "credential", "headers"),
}


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of a method of `log` in the product, with where it is."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in LEVELS
                    and ast.unparse(node.func.value) in {"log", "self._log", "logger"}
                ):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def names_in(node: ast.Call) -> set[str]:
    """Return the constant names that the first argument can be."""
    first = node.args[0]
    values = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    return {
        value.value
        for value in values
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }


def test_every_name_that_is_logged_is_in_the_table_and_the_reverse() -> None:
    """The table of events is what the code logs: nothing unlisted, nothing that never happens."""
    indirect = {
        value.value
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if path.name != "log_events.py"
        for value in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(value, ast.Constant) and value.value in LOG_EVENTS
    }
    direct = {name for _, node in log_calls() for name in names_in(node)}

    assert direct <= set(LOG_EVENTS)
    assert set(LOG_EVENTS) == indirect


def test_log_calls_carry_no_payload() -> None:
    """No field of a log line is named like source, event, result, key, URL or the like."""
    guilty = [
        f"{where}: {keyword.arg}"
        for where, node in log_calls()
        for keyword in node.keywords
        if keyword.arg in PAYLOADS
    ]

    assert guilty == []


def test_log_calls_pass_everything_by_name() -> None:
    """A log call has one positional argument, the event; prose has no place in it."""
    assert [where for where, node in log_calls() if len(node.args) != 1] == []


def test_there_are_log_calls_to_look_at() -> None:
    """The scan itself finds what it is meant to judge."""
    assert len(list(log_calls())) > 5
