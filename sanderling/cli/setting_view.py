"""Settings, revisions and processes as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from sanderling.api.config_models import (
        ChangeShown,
        ConfigShown,
        ProcessList,
        RevisionPage,
        VariableShown,
    )

    View = Callable[[Console], None]

_MINUTE = "%Y-%m-%d %H:%M"
_LONGEST = 60


def value_text(item: VariableShown) -> str:
    """Return what stands for the value; a secret is set or not, and has a fingerprint."""
    if item.is_sensitive:
        return f"set ({item.fingerprint})" if item.is_set else "not set"
    if item.value is None:
        return "-"
    return item.value if len(item.value) <= _LONGEST else f"{item.value[:_LONGEST]}…"


def _notes(item: VariableShown) -> str:
    notes = [
        f"hides the {item.hides}" if item.hides else "",
        "environment only" if item.is_env_only else "",
        "after a restart" if item.needs_restart and not item.is_env_only else "",
        "planned" if item.is_planned else "",
    ]
    return ", ".join(filter(None, notes))


def variable_view(shown: ConfigShown) -> View:
    """Return a view of variables as a table, with the revision below."""
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - keeps --help quick.

    rows = [
        (item.group, item.name, value_text(item), item.source, _notes(item)) for item in shown.items
    ]
    columns = ("group", "variable", "value", "from", "note")
    table = table_view("Settings", columns, rows, empty="No variable is like that.")

    def show(terminal: Console) -> None:
        table(terminal)
        how = "" if shown.is_changeable else " The environment alone counts; nothing can be set."
        terminal.print(f"Revision {shown.revision}.{how}", style="dim")

    return show


def show_variable(terminal: Console, item: VariableShown) -> None:
    """Print one variable with all that is known of it."""
    terminal.print(f"{item.name}  {visible(value_text(item))}", style="bold")
    terminal.print(item.description)
    takes = " or ".join(item.words) if item.words else item.kind
    unit = f" in {item.unit}" if item.unit else ""
    facts = [
        f"from the {item.source}",
        f"takes {takes}{unit}",
        f"default {item.default}" if item.default else "",
        f"also called {', '.join(item.aliases)}" if item.aliases else "",
        _notes(item),
    ]
    terminal.print(visible("; ".join(filter(None, facts))), style="dim")


def change_lines(changes: Sequence[ChangeShown]) -> list[str]:
    """Return a line for each change: both values as people may see them."""
    return [
        visible(f"  {change.name}: {_stored(change.before)} → {_stored(change.after)}")
        for change in changes
    ]


def _stored(text: str | None) -> str:
    if text is None:
        return "not stored"
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text or "(empty)"


def revision_view(page: RevisionPage) -> View:
    """Return a view of revisions, each with its changes."""

    def show(terminal: Console) -> None:
        if not page.items:
            terminal.print("Nothing was ever changed.", style="dim")
        for entry in page.items:
            when = f"{entry.changed_at.astimezone():{_MINUTE}}"
            terminal.print(visible(f"{entry.revision}  {when}  {entry.changed_by}"), style="bold")
            if entry.reason:
                terminal.print(f"  {visible(entry.reason)}", style="italic")
            for line in change_lines(entry.changes):
                terminal.print(line)
        if page.next_before:
            terminal.print(f"More: --before {page.next_before}", style="dim")

    return show


def process_view(found: ProcessList) -> View:
    """Return a view of what each process runs by."""
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - keeps --help quick.

    rows = [
        (
            item.kind,
            item.host,
            str(item.in_force),
            f"{item.state} {item.revision}",
            f"{item.age_s:.0f} s ago",
            item.why,
        )
        for item in found.items
    ]
    columns = ("process", "host", "in force", "newest", "said", "why")
    return table_view("Processes", columns, rows, empty="No process runs.")
