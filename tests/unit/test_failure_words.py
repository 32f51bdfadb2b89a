"""What errors say to people: every placeholder is filled from the facts that the error keeps."""

import importlib
import inspect
from collections.abc import Iterator

import pytest

from drivers.port import Deployment, OutcomeKind
from sanderling.kernel.errors import Failure, Fault, Refusal
from support.house import ROOMS, module_name, python_files

SAMPLES: dict[object, object] = {
    int: 3,
    float: 1.5,
    bool: True,
    Deployment: Deployment(OutcomeKind.BAD_CODE),
}


def _below(root: type[Failure]) -> Iterator[type[Failure]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _below(kind)


def _failures() -> list[type[Failure]]:
    for path in python_files(*ROOMS):
        source = path.read_text()
        if "(Refusal):" in source or "(Fault):" in source:
            importlib.import_module(module_name(path))
    ours = {kind for kind in _below(Failure) if kind.__module__.partition(".")[0] in ROOMS}
    return sorted(ours - {Refusal, Fault}, key=lambda kind: kind.__qualname__)


def _made(kind: type[Failure]) -> Failure:
    facts = {
        parameter.name: SAMPLES.get(parameter.annotation, "sample")
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    }
    make: type = kind
    made = make(**facts)
    assert isinstance(made, Failure)
    return made


FAILURES = _failures()


def test_the_errors_of_every_room_are_found() -> None:
    """The walk misses no room that has any."""
    rooms = {kind.__module__.partition(".")[0] for kind in FAILURES}

    assert {"sanderling", "config", "drivers", "runner"} <= rooms


@pytest.mark.parametrize("kind", FAILURES, ids=lambda kind: kind.__qualname__)
def test_no_placeholder_is_left(kind: type[Failure]) -> None:
    """Made with its facts, neither the message nor the advice shows a brace."""
    failure = _made(kind)

    assert "{" not in failure.detail + failure.advice
    assert str(failure) == f"{failure.detail} {failure.advice}".rstrip()
