"""`sanderling sandbox`: let hostile functions loose on this installation and see that it holds."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.exits import Exit
from sanderling.cli.input import read_file
from sanderling.cli.options import AsJSON

if TYPE_CHECKING:  # the sandbox and the terminal's library are loaded when used: --help is quick.
    from collections.abc import Sequence

    from drivers.corpus import Corpus
    from sanderling.wiring.sandbox_check import SandboxCheck, Trial

_MOST_JOBS = 64
_MINORS = range(11, 15)
_ANSWER_S = 30.0


class LayerChoice(StrEnum):
    """Which entries are run: those against all walls, or those against the system's alone."""

    FULL = "full"
    OS = "os"


class IsolationsChoice(StrEnum):
    """With which isolation entries are run that meet all walls."""

    CALL = "call"
    FUNCTION = "function"
    BOTH = "both"


def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Hostile functions, one JSON object on a line.")
    ],
    *,
    layer: Annotated[
        LayerChoice | None,
        typer.Option(help="Only entries of this layer.", show_default="all"),
    ] = None,
    isolation: Annotated[
        IsolationsChoice, typer.Option(help="How entries of the layer full are isolated.")
    ] = IsolationsChoice.BOTH,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Interpreter for the guests.",
            show_default="the one of this command",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, max=_MOST_JOBS, help="Entries that run at once.", show_default="one per CPU"
        ),
    ] = None,
    as_json: AsJSON = False,
) -> int:
    """Run a file of hostile functions here; show how each was to end and how it did."""
    from sanderling.cli.sandbox_view import check_json, check_view  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    corpus = _corpus(file)
    found = _run(
        _trials(corpus, layer, isolation),
        jobs=jobs or min(os.cpu_count() or 1, _MOST_JOBS),
        python=_interpreter(python),
    )
    Screen(as_json=as_json).show(
        check_json(found, file=str(file), ignored_fields=corpus.ignored_fields),
        check_view(found, ignored_fields=corpus.ignored_fields),
    )
    return Exit.OK if found.is_as_expected else Exit.NOT_PROVEN


def _corpus(file: Path) -> Corpus:
    from drivers.corpus import CorpusRefused, read_corpus  # noqa: PLC0415 - as above.

    try:
        return read_corpus(read_file(file))
    except CorpusRefused as refused:
        raise typer.BadParameter(f"{file}: {refused.facts['reason']}", param_hint="FILE") from None


def _trials(
    corpus: Corpus, layer: LayerChoice | None, isolation: IsolationsChoice
) -> Sequence[Trial]:
    from drivers.port import Isolation  # noqa: PLC0415 - as above.
    from sanderling.wiring.sandbox_check import trials_of  # noqa: PLC0415 - as above.

    attacks = [attack for attack in corpus.attacks if layer in {None, attack.layer.value}]
    if not attacks:
        raise typer.BadParameter(f"the file has no entry of layer {layer}", param_hint="--layer")
    both = (Isolation.CALL, Isolation.FUNCTION)
    is_both = isolation is IsolationsChoice.BOTH
    return trials_of(attacks, both if is_both else (Isolation(isolation.value),))


def _interpreter(python: str | None) -> str | None:
    if python is None:
        return None
    found = shutil.which(python)
    if found is None or not _is_supported(found):
        told = f"{python} is no Python from 3.11 to 3.14 that can be started"
        raise typer.BadParameter(told, param_hint="--python")
    return str(Path(found).absolute())


def _is_supported(program: str) -> bool:
    asked = [program, "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        told = subprocess.run(  # noqa: S603 - the operator names a program to be run.
            asked, capture_output=True, timeout=_ANSWER_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.stdout.split() in [[b"3", b"%d" % minor] for minor in _MINORS]


def _run(trials: Sequence[Trial], *, jobs: int, python: str | None) -> SandboxCheck:
    from config.loader import load_snapshot  # noqa: PLC0415 - as above.
    from config.variables import LogLevel  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import progress  # noqa: PLC0415 - as above.
    from sanderling.logs import configure_logs  # noqa: PLC0415 - as above.
    from sanderling.wiring.sandbox_check import check_sandbox  # noqa: PLC0415 - as above.

    # Every violation is logged as a warning, and here each one was asked for.
    configure_logs(level=LogLevel.ERROR)
    settings = load_snapshot().settings
    with progress("checking", total=len(trials)) as advance:
        return asyncio.run(
            check_sandbox(
                trials, settings, jobs=jobs, python=python, on_judged=lambda _judged: advance()
            )
        )
