"""`sanderling demo`: what `make demo` runs after set-up."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sanderling.cli.exits import Exit
from sanderling.cli.options import AsJSON
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from rich.console import Console

    from sanderling.cli.demo.providers import Providers
    from sanderling.cli.demo.scenes import Row
    from sanderling.cli.demo.sync import Advance


class DemoDriver(StrEnum):
    """Drivers that can be shown."""

    LOCAL = "local"
    LAMBDA = "lambda"


def demo(
    *,
    driver: Annotated[
        DemoDriver, typer.Option(help="Who runs the examples; lambda is an emulator of AWS.")
    ] = DemoDriver.LOCAL,
    messages: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many messages each account has.")
    ] = 1000,
    events: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many events each account has.")
    ] = 150,
    as_json: AsJSON = False,
) -> int:
    """Call every example on a server of its own, show its limits at work, and sync two accounts."""
    # The web client and the terminal's library are loaded only here, to keep --help quick.
    from sanderling.cli.demo.failure import DemoFailed  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import Screen, console  # noqa: PLC0415 - as above.

    terminal = console(is_error=as_json)
    try:
        report = _run(terminal, driver, messages, events)
    except DemoFailed as failure:
        reason = str(failure)
        Screen(as_json=as_json).show(
            {"ok": False, "reason": reason},
            lambda shown: shown.print(f"demo: failed: {visible(reason)}", style="red"),
        )
        return Exit.NOT_PROVEN
    Screen(as_json=as_json).show(report, lambda shown: _show(shown, report))
    return Exit.OK


def _run(terminal: "Console", driver: DemoDriver, messages: int, events: int) -> dict[str, Any]:
    from sanderling.cli.demo import scenes  # noqa: PLC0415 - as above.
    from sanderling.cli.demo.caller import Caller  # noqa: PLC0415 - as above.
    from sanderling.cli.demo.emulator import running_emulator, settings_for  # noqa: PLC0415 - as above.
    from sanderling.cli.demo.example import load_examples  # noqa: PLC0415 - as above.
    from sanderling.cli.demo.instance import running_instance  # noqa: PLC0415 - as above.
    from sanderling.cli.demo.process import free_port  # noqa: PLC0415 - as above.
    from sanderling.cli.demo.providers import Load, playing_providers  # noqa: PLC0415 - as above.
    from sanderling.cli.demo.sync import SyncScene  # noqa: PLC0415 - as above.

    examples = load_examples()
    name = "Local driver" if driver is DemoDriver.LOCAL else "Lambda driver on an emulator"
    terminal.print(f"Starting a server on a fresh home: SQLite, in-process limits, {name}.")
    port, load = free_port(), Load(messages, events)
    with ExitStack() as stack:
        providers: Providers | None = None
        if driver is DemoDriver.LAMBDA:
            chosen = settings_for(stack.enter_context(running_emulator()))
        else:
            url = f"http://127.0.0.1:{port}"
            providers = stack.enter_context(playing_providers(load, url))
            chosen = providers.settings
        instance = stack.enter_context(running_instance(chosen, port=port))
        caller = stack.enter_context(Caller(instance))
        terminal.print(f"It listens on {instance.url} as process {instance.process_id}.")
        steps = len(examples) * (1 + scenes.CALLS_EACH)
        with _progress(terminal, steps) as advance:
            rows: list[Row] = [
                scenes.run_example(caller, example, advance=partial(advance, example.name))
                for example in examples
            ]
        report: dict[str, Any] = {
            "ok": True,
            "functions": [asdict(row) for row in rows],
            "rate_limited": scenes.show_rate_limit(caller),
            "rejected": scenes.show_rejection(caller),
            "timeout": scenes.show_timeout(caller),
        }
        if providers is None:
            return {**report, "sync": None}
        terminal.print(
            "Syncing accounts at simulated providers; the quotas that are kept are raised for this."
        )
        with _sync_progress(terminal) as told:
            return {**report, "sync": SyncScene(caller, providers, load).run(told)}


@contextmanager
def _progress(terminal: "Console", steps: int) -> Generator[Callable[[str], None]]:
    """Yield what is told of every step: a bar on a terminal, else a line for each function."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - as above.

    if not terminal.is_terminal:
        seen: set[str] = set()

        def tell(name: str) -> None:
            if name not in seen:
                seen.add(name)
                terminal.print(f"  {name}")

        yield tell
        return
    columns = (TextColumn("  {task.description:<24}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=terminal, transient=True) as progress:
        task = progress.add_task("", total=steps)
        yield lambda name: progress.update(task, advance=1, description=name)


@contextmanager
def _sync_progress(terminal: "Console") -> Generator["Advance"]:
    """Yield what is told how far sync is: a bar on a terminal, else a line for each part."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - as above.

    if not terminal.is_terminal:
        seen: set[str] = set()

        def tell(what: str, _done: int, _whole: int | None) -> None:
            if what not in seen:
                seen.add(what)
                terminal.print(f"  {what}")

        yield tell
        return
    columns = (TextColumn("  {task.description:<28}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=terminal, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, whole: progress.update(
            task, description=what, completed=done, total=whole
        )


def _show(terminal: "Console", report: dict[str, Any]) -> None:
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - as above.

    rows = [
        (row["function"], row["outcome"], f"{row['p50_ms']:.1f} ms", row["isolation"])
        for row in report["functions"]
    ]
    title = f"{len(rows)} examples, each called with its real event over HTTP"
    table_view(title, ("function", "outcome", "p50", "isolation"), rows, empty="")(terminal)
    layers = ", ".join(report["functions"][0]["layers"])
    limited, rejected, timeout = (report[name] for name in ("rate_limited", "rejected", "timeout"))
    for heading, lines in {
        "Walls around each call": [layers],
        "Rate limited": [limited["detail"], f"Retry-After: {limited['retry_after_s']} s"],
        "Rejected before it ran": [
            f"{rejected['outcome']} at line {rejected['line']}: {rejected['code']}",
            rejected["message"],
            f"hint: {rejected['hint']}",
        ],
        "Stopped in time": [
            f"{timeout['outcome']}: `while True` was ended after {timeout['took_ms']} ms"
        ],
    }.items():
        terminal.print(heading, style="bold")
        for line in lines:
            terminal.print(f"  {visible(line)}")
    _show_sync(terminal, report["sync"])
    terminal.print("demo: ok", style="bold green")


def _show_sync(terminal: "Console", sync: dict[str, Any] | None) -> None:
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - as above.

    if sync is None:
        terminal.print("Sync is shown with the local driver alone.")
        return
    rows = [(channel, str(count)) for channel, count in sync["channels"].items()]
    rows += [
        ("calls of a function", str(sync["calls"])),
        ("of them found invoices", str(sync["invoices"])),
        *(("for example", visible(subject)) for subject in sync["samples"]),
        ("arrived meanwhile", visible(sync["arrived"])),
    ]
    title = f"Two accounts synced in {sync['took_s']} s"
    table_view(title, ("what", "came"), rows, empty="")(terminal)
    terminal.print("One call for each message people see: no newsletters, spam or drafts.")
