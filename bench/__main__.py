"""`python -m bench WHAT [--json|--markdown]`: measure and print."""

import argparse
from collections.abc import Sequence

from bench import call, engine, fairness, http, limiter, record, settings, sync, worker
from bench.report import Report, print_table, to_json, to_markdown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    kinds = parser.add_subparsers(dest="what", required=True)
    for what, says in (
        ("call", "one call from Python, side by side with its peers"),
        ("limiter", "one decision of the rate limiter, in this process and in Redis"),
        ("http", "one call over HTTP, side by side with peers and a floor"),
        ("fairness", "how long quiet workspaces wait beside a noisy one, in turns and in a queue"),
        ("record", "what keeping the record of a call costs"),
        ("engine", "what queued executions cost, and how soon they are back after a crash"),
        ("config", "how long a changed setting takes to be in force in every process"),
        ("worker", "what streams cost a worker: thousands due at once, and a minute of turns"),
        ("sync", "the first sync of mailboxes and calendars, beside a loop that only inserts"),
    ):
        kind = kinds.add_parser(what, help=says, description=says)
        form = kind.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print one JSON object")
        form.add_argument("--markdown", action="store_true", help="print a table of ratios")
        kind.add_argument("--calls", type=int, help="at most this many calls per row and phase")
        if what in ("call", "http", "worker"):
            kind.add_argument("--seconds", type=float, help="how long to measure, in all")
        if what == "limiter":
            kind.add_argument("--redis", help="Redis in which to count as well")
        if what == "config":
            kind.add_argument("--database", help="PostgreSQL to use, by default a SQLite file")
            kind.add_argument("--redis", help="Redis to carry hints, beside PostgreSQL")
        if what == "fairness":
            kind.add_argument("--redis", help="Redis that keeps turns, by default one of its own")
        if what == "http":
            kind.add_argument("--redis", help="Redis for limits, by default one of its own")
        if what == "call":
            kind.add_argument("--only", action="append", choices=call.names(), default=[])
    return parser


def measure(asked: argparse.Namespace) -> Report:  # noqa: PLR0911 - one for each benchmark.
    """Return what was measured."""
    match asked.what:
        case "call":
            return call.run(call.Options(asked.seconds or 75.0, asked.calls, frozenset(asked.only)))
        case "limiter":
            return limiter.run(asked.calls, asked.redis)
        case "http":
            return http.run(http.Options(asked.seconds or 90.0, asked.calls, asked.redis))
        case "fairness":
            return fairness.run(fairness.Options(asked.calls, asked.redis))
        case "engine":
            return engine.run(engine.Options(asked.calls))
        case "config":
            return settings.run(settings.Options(asked.calls, asked.database, asked.redis))
        case "worker":
            return worker.run(worker.Options(asked.calls, asked.seconds))
        case "sync":
            return sync.run(sync.Options(asked.calls))
        case _:
            return record.run(asked.calls)


def main(words: Sequence[str] | None = None) -> None:
    """Print what was measured."""
    asked = _parser().parse_args(words)
    report = measure(asked)
    if asked.json:
        print(to_json(report))
    elif asked.markdown:
        print(to_markdown(report))
    else:
        print_table(report)


if __name__ == "__main__":
    main()
