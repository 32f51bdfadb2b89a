"""Nobody takes their own cancellation for that of what they end."""

import ast
from pathlib import Path

import pytest

from support.house import ROOMS, ROOT

ALLOWED = {"jobs/ticks.py", "sanderling/wiring/server.py"}
"""The first ends what a scheduler began, the second is the end of the process."""


def swallowing(source: str) -> list[int]:
    """Return the lines where a cancellation is suppressed around a wait."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.With | ast.AsyncWith)
        for item in node.items
        if ast.unparse(item.context_expr).startswith(("suppress(", "contextlib.suppress("))
        and "CancelledError" in ast.unparse(item.context_expr)
    ]


def test_it_is_seen_where_a_cancellation_is_suppressed() -> None:
    """What looks for it finds it."""
    source = "async def f(task):\n    with suppress(asyncio.CancelledError):\n        await task\n"

    assert swallowing(source) == [2]
    assert swallowing("with suppress(OSError):\n    pass\n") == []


@pytest.mark.parametrize("room", ROOMS)
def test_tasks_are_ended_by_the_one_way_that_keeps_them_apart(room: str) -> None:
    """See `sanderling.kernel.waiting`."""
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sorted(Path(ROOT / room).rglob("*.py"))
        if (lines := swallowing(path.read_text()))
    }

    assert found.keys() <= ALLOWED, found
