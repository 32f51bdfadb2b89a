"""Where commands show what they found: text for people, or one JSON document."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sanderling.cli.terminal_text import visible, visible_json

if TYPE_CHECKING:  # rich is imported when something is shown, which keeps the start quick.
    from collections.abc import Callable, Generator, Iterable

    from rich.console import Console

    from sanderling.kernel.jsontext import JSON

_PIPE_WIDTH = 240


class Screen:
    """Show results on standard output."""

    def __init__(self, *, as_json: bool) -> None:
        """Show JSON alone when `as_json`, else text for people alone."""
        self.as_json = as_json

    def show(self, value: JSON, view: Callable[[Console], None]) -> None:
        """Print `value` as JSON, or let `view` print it for people."""
        if self.as_json:
            print_json(value)
        else:
            view(console())

    def tell(self, value: JSON, sentence: str) -> None:
        """Print `value` as JSON, or `sentence` for people."""
        self.show(value, lambda terminal: terminal.print(visible(sentence), style="green"))

    def show_page(self, page: dict[str, Any], view: Callable[[Console], None]) -> None:
        """Print a page as JSON, or its view for people with the way to the next one."""

        def show(terminal: Console) -> None:
            view(terminal)
            if page["next_cursor"]:
                terminal.print(f"More: --cursor {visible(page['next_cursor'])}", style="dim")

        self.show(page, show)


def print_json(value: JSON) -> None:
    """Print `value` as one JSON document in UTF-8, whatever the terminal speaks."""
    text = visible_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"
    sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()


def console(*, is_error: bool = False) -> Console:
    """Return the terminal; it colours nothing by guess and cuts no line."""
    from rich.console import Console  # noqa: PLC0415 - see the top.

    terminal = Console(stderr=is_error, highlight=False, soft_wrap=True, emoji=False, markup=False)
    if not terminal.is_terminal:
        # Whoever reads a pipe searches for ids; a table must not break them over lines.
        terminal.width = _PIPE_WIDTH
    return terminal


def table_view(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[str]], *, empty: str
) -> Callable[[Console], None]:
    """Return a view of `rows` as a table, or of the sentence `empty` when there are none."""

    def show(terminal: Console) -> None:
        from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - see the top.
        from rich.table import Table  # noqa: PLC0415 - see the top.
        from rich.text import Text  # noqa: PLC0415 - see the top.

        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
        for column in columns:
            table.add_column(column, header_style="dim", overflow="fold")
        for row in rows:
            table.add_row(*(Text(visible(cell)) for cell in row))
        terminal.print(table if table.row_count else Text(empty, style="dim"), soft_wrap=False)

    return show


@contextmanager
def progress(noun: str, *, total: int) -> Generator[Callable[[], None]]:
    """Yield what tells that one more is done; a bar shows it where somebody looks."""
    from rich.progress import Progress  # noqa: PLC0415 - see the top.

    terminal = console(is_error=True)
    with Progress(console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task(noun, total=total)
        yield lambda: bar.advance(task)


def log_quietly() -> None:
    """Keep standard output for results: only warnings are logged, to standard error."""
    from config.variables import LogLevel  # noqa: PLC0415 - see the top.
    from sanderling.logs import configure_logs  # noqa: PLC0415 - see the top.

    configure_logs(level=LogLevel.WARNING)
