"""`sanderling dev`: what developers of functions and of Sanderling itself need."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.options import AsJSON
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from sanderling.simulator.core.faults import FaultKind
    from sanderling.simulator.population import Inhabitant
    from sanderling.wiring.simulators import Playing

_EMAIL, _NAME = "ada@example.com", "Ada Lindström"

_Port = Annotated[
    int,
    typer.Option("--port", min=0, max=65000, help="Port of the first provider; 0 takes free ones."),
]
_Seed = Annotated[
    Path | None,
    typer.Option(
        "--seed",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="JSON list of people; without it there is one.",
    ),
]
_Messages = Annotated[
    int, typer.Option("--messages", min=0, max=1_000_000, help="How many mails each person has.")
]
_Events = Annotated[
    int, typer.Option("--events", min=0, max=1_000_000, help="How many events each person has.")
]
_Fault = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="KIND=RATE",
        help="Let this share of requests fail so; may be repeated.",
    ),
]


def providers(
    *,
    port: _Port = 4800,
    seed: _Seed = None,
    messages: _Messages = 500,
    events: _Events = 100,
    fault: _Fault = None,
    as_json: AsJSON = False,
) -> int:
    """Play mail and calendar providers on loopback until SIGTERM or Ctrl-C, with made-up people."""
    from sanderling.wiring.simulators import (  # noqa: PLC0415 - keeps --help quick.
        Play,
        serve_providers,
    )

    play = Play(_people(seed, messages, events), dict(_rate(text) for text in fault or []))

    def announce(playing: "tuple[Playing, ...]") -> None:
        sys.stdout.write(_as_json(playing) if as_json else _as_text(playing))
        sys.stdout.flush()

    serve_providers(play, port=port, announce=announce)
    return 0


def _people(seed: Path | None, messages: int, events: int) -> "tuple[Inhabitant, ...]":
    from sanderling.simulator.population import (  # noqa: PLC0415 - keeps --help quick.
        Inhabitant,
        read_population,
    )

    if seed is None:
        return (Inhabitant(_EMAIL, _NAME, messages, events),)
    text = seed.read_text(encoding="utf-8", errors="replace")
    return read_population(text, messages=messages, events=events)


def _rate(text: str) -> "tuple[FaultKind, float]":
    from sanderling.simulator.core.faults import FaultKind  # noqa: PLC0415 - keeps --help quick.

    kind, _, rate = text.partition("=")
    try:
        found, share = FaultKind(kind), float(rate)
    except ValueError:
        found, share = None, -1.0
    if found is None or not 0 <= share <= 1:
        kinds = ", ".join(FaultKind)
        message = f"{text!r} is not KIND=RATE with a rate from 0 to 1; kinds are {kinds}"
        raise typer.BadParameter(message, param_hint="--fault")
    return found, share


def _as_json(playing: "tuple[Playing, ...]") -> str:
    value = [
        {
            "name": one.name,
            "base_url": one.base_url,
            "settings": dict(one.settings),
            "push_settings": dict(one.push_settings),
        }
        for one in playing
    ]
    return json.dumps({"providers": value}) + "\n"


def _as_text(playing: "tuple[Playing, ...]") -> str:
    lines: list[str] = []
    for one in playing:
        lines += [f"# {one.name} is played on {one.base_url}"]
        lines += [f"{name}={value}" for name, value in one.settings.items()]
    told = {name: value for one in playing for name, value in one.push_settings.items()}
    lines += ["# To be told of changes at once, add these as well:"]
    lines += [f"# {name}={value}" for name, value in told.items()]
    return "\n".join([*lines, f"# Add these to {_env_file()}; Ctrl-C ends the play.", ""])


def _env_file() -> str:
    """Return where the settings of the home are, which `sanderling init` makes."""
    from config.layers import ENV_FILE, resolve_home  # noqa: PLC0415 - keeps --help quick.

    return visible(str(resolve_home() / ENV_FILE))
