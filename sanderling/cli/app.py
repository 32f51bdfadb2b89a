"""The command itself: its words, and how it ends."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Annotated

import typer

from sanderling.cli import (
    account_policy,
    accounts,
    call,
    calls,
    cron,
    cron_triggers,
    dev,
    doctor,
    drafts,
    executions,
    export,
    functions,
    health,
    init,
    invoke,
    jobs,
    keys,
    records,
    replay,
    sandbox,
    serve,
    setting_check,
    settings,
    triggers,
    vault,
    version,
    worker,
)
from sanderling.cli.demo import command as demo
from sanderling.cli.exits import Exit, exit_for
from sanderling.cli.screen import console, print_json
from sanderling.cli.terminal_text import visible
from sanderling.kernel.collector import load_undisturbed
from sanderling.kernel.errors import Failure
from sanderling.kernel.jsontext import JSON

_PROGRAM = "sanderling"
_START, _FUNCTIONS, _OPERATE = "Start here", "Functions", "Operate"


@dataclass(frozen=True, slots=True)
class _Group:
    """Commands under one word."""

    panel: str
    help: str
    commands: Mapping[str, Callable[..., int]]


_COMMANDS: Mapping[str, Sequence[Callable[..., int]]] = {
    _START: (demo.demo, init.init, serve.serve, worker.worker),
    _FUNCTIONS: (invoke.invoke, cron.cron),
    _OPERATE: (doctor.doctor, health.health, version.version),
}
_GROUPS: Mapping[str, _Group] = {
    "functions": _Group(
        _FUNCTIONS,
        "Write, publish, roll back and call functions.",
        {
            "list": functions.show_list,
            "show": functions.show,
            "create": drafts.create,
            "draft": drafts.save_draft,
            "publish": drafts.publish,
            "deploy": drafts.deploy,
            "versions": functions.show_versions,
            "rollback": functions.rollback,
            "delete": functions.delete,
            "call": call.call,
        },
    ),
    "triggers": _Group(
        _FUNCTIONS,
        "Let HTTP requests, changes of records and schedules call functions.",
        {
            "list": triggers.show_list,
            "show": triggers.show,
            "create-http": triggers.create_http,
            "create-record": triggers.create_record,
            "create-cron": cron_triggers.create_cron,
            "enable": triggers.enable,
            "disable": triggers.disable,
            "move": triggers.move,
            "test": triggers.try_out,
            "delete": triggers.delete,
        },
    ),
    "executions": _Group(
        _FUNCTIONS,
        "Queue calls, and look after what is queued.",
        {
            "submit": executions.submit,
            "list": executions.show_list,
            "show": executions.show,
            "wait": executions.wait,
            "cancel": executions.cancel,
            "replay": executions.replay,
        },
    ),
    "calls": _Group(
        _FUNCTIONS,
        "See what was called and how it went.",
        {
            "list": calls.show_list,
            "show": calls.show,
            "replay": replay.replay,
            "export": export.export,
        },
    ),
    "accounts": _Group(
        _OPERATE,
        "Connect people's mail and calendars, and look after them.",
        {
            "connect": accounts.connect,
            "list": accounts.show_list,
            "show": accounts.show,
            "policy": account_policy.policy,
            "pause": accounts.pause,
            "resume": accounts.resume,
            "sync": accounts.sync,
            "resync": accounts.resync,
            "disconnect": accounts.disconnect,
        },
    ),
    "messages": _Group(
        _OPERATE,
        "See the messages that came in through connected accounts.",
        {
            "list": records.show_messages,
            "show": records.show_message,
            "attachment": records.save_attachment,
        },
    ),
    "calendar-events": _Group(
        _OPERATE,
        "See the events of connected calendars.",
        {"list": records.show_calendar_events},
    ),
    "contacts": _Group(
        _OPERATE,
        "See who became a contact.",
        {"list": records.show_contacts},
    ),
    "jobs": _Group(
        _OPERATE,
        "See and steer what workers do again and again.",
        {
            "list": jobs.show_list,
            "show": jobs.show,
            "run": jobs.run,
            "pause": jobs.pause,
            "resume": jobs.resume,
        },
    ),
    "sandbox": _Group(
        _OPERATE,
        "See that the sandbox holds.",
        {"check": sandbox.check},
    ),
    "keys": _Group(
        _OPERATE,
        "Make, list and revoke API keys of this home.",
        {"create": keys.create, "list": keys.show_list, "revoke": keys.revoke},
    ),
    "config": _Group(
        _OPERATE,
        "See and change the settings of every process while it runs.",
        {
            "list": settings.show_list,
            "get": settings.get,
            "set": settings.change,
            "unset": settings.unset,
            "history": settings.history,
            "rollback": settings.rollback,
            "wait": settings.wait_in_force,
            "check": setting_check.check,
        },
    ),
    "secrets": _Group(
        _OPERATE,
        "Keep secrets sealed with the APP_SECRET in force.",
        {"rewrap": vault.rewrap},
    ),
    "dev": _Group(
        _OPERATE,
        "Try things out without accounts elsewhere.",
        {"providers": dev.providers},
    ),
}


def main() -> None:
    """Run the command of this process and exit with its code."""
    load_undisturbed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a letter gets its escape instead of our traceback.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str], app: typer.Typer | None = None) -> int:
    """Run one command and return its exit code; errors become one line, never a traceback."""
    as_json = "--json" in words
    try:
        status = (app or build_app())(words, standalone_mode=False, prog_name=_PROGRAM)
    except typer.TyperException as error:
        detail = error.format_message()
        return _end(
            as_json=as_json, code="usage", detail=detail, hint=_usage_hint(error), status=Exit.USAGE
        )
    except Failure as error:
        if _is_debugging():
            raise
        return _end_failed(error, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except SystemExit:
        # So typer ends when whoever read our output went away.
        return Exit.UNREAD
    except Exception as error:
        if _is_debugging():
            raise
        from sanderling.logs import redact  # noqa: PLC0415 - keeps --help quick.

        # A defect of ours may quote anything.
        detail = redact(f"internal error: {type(error).__name__}: {error}")
        hint = "Please report it; SANDERLING_DEBUG=1 shows the traceback."
        return _end(as_json=as_json, code="internal", detail=detail, hint=hint, status=Exit.FAULT)
    return status if isinstance(status, int) else Exit.OK


def build_app() -> typer.Typer:
    """Return the command with all its words."""
    app = typer.Typer(
        name=_PROGRAM,
        help="Run users' Python functions safely, behind limits, with a record of every call.",
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_start_at_top)
    for panel, commands in _COMMANDS.items():
        for command in commands:
            app.command(rich_help_panel=panel)(command)
    for name, group in _GROUPS.items():
        app.add_typer(_group(group), name=name, help=group.help, rich_help_panel=group.panel)
    return app


def _group(group: "_Group") -> typer.Typer:
    app = typer.Typer(rich_markup_mode="rich")
    app.callback(invoke_without_command=True)(_start)
    for name, command in group.commands.items():
        app.command(name)(command)
    return app


def _start_at_top(
    context: typer.Context,
    *,
    is_version_asked: Annotated[
        bool, typer.Option("--version", help="Show which release this is.")
    ] = False,
) -> None:
    if is_version_asked:
        raise typer.Exit(version.version())
    _start(context)


def _start(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), nl=False)


def _is_debugging() -> bool:
    from config.layers import is_debugging  # noqa: PLC0415 - keeps --help quick.

    return is_debugging()


def _hint(failure: Failure) -> str:
    return failure.advice or str(failure.facts.get("hint") or "")


def _usage_hint(error: typer.TyperException) -> str:
    context: typer.Context | None = getattr(error, "ctx", None)
    return f"Try '{context.command_path if context else _PROGRAM} --help'."


def _end_failed(failure: Failure, *, as_json: bool) -> int:
    from sanderling.cli.failure_view import (  # noqa: PLC0415 - keeps --help quick.
        failure_lines,
        failure_members,
    )

    status = _end(
        as_json=as_json,
        code=failure.code,
        detail=failure.detail,
        hint=_hint(failure),
        status=exit_for(failure),
        members=failure_members(failure),
    )
    if not as_json:
        for line in failure_lines(failure):
            console(is_error=True).print(visible(line))
    return status


def _end(
    *,
    as_json: bool,
    code: str,
    detail: str,
    hint: str,
    status: Exit,
    members: Mapping[str, JSON] | None = None,
) -> int:
    if as_json:
        print_json({"error": {"code": code, "detail": detail, "hint": hint, **(members or {})}})
    else:
        terminal = console(is_error=True)
        sentence = detail if detail.endswith((".", "!", "?")) else f"{detail}."
        line = " ".join(f"{sentence} {hint}".split())
        terminal.print("error:", visible(line), style="red")
    return status
