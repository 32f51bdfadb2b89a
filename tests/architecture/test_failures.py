"""Refusals and faults keep to one form, so that every edge can show them."""

import importlib
import re
import string

import pytest

from sanderling.kernel.errors import Failure, Fault, Refusal
from support.house import ROOMS, module_name, python_files


def _failures() -> list[type[Failure]]:
    """Return every refusal and fault that the rooms define."""
    for path in python_files(*ROOMS):
        if "(Refusal):" in path.read_text() or "(Fault):" in path.read_text():
            importlib.import_module(module_name(path))
    found: list[type[Failure]] = []
    unseen: list[type[Failure]] = [Refusal, Fault]
    while unseen:
        kind = unseen.pop()
        found.append(kind)
        unseen.extend(kind.__subclasses__())
    ours = [kind for kind in found if kind.__module__.partition(".")[0] in ROOMS]
    return sorted(ours, key=lambda kind: kind.__qualname__)


_ALL = _failures()
_NAMED = {
    kind.code: kind  # two rooms may use one name, but no code.
    for kind in _ALL
    if kind not in {Refusal, Fault}
}


def test_no_two_failures_share_a_code() -> None:
    """A code names one cause."""
    codes = [kind.code for kind in _ALL]

    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("kind", _NAMED.values(), ids=_NAMED)
def test_a_failure_is_named_for_what_it_is(kind: type[Failure]) -> None:
    """Faults end in Error, refusals are facts, and the code is the name in small letters."""
    assert kind.__name__.endswith("Error") == issubclass(kind, Fault)
    assert re.fullmatch(r"[a-z][a-z0-9_]+", kind.code)
    assert "code" in vars(kind)


@pytest.mark.parametrize("kind", _NAMED.values(), ids=_NAMED)
def test_a_failure_speaks_in_sentences(kind: type[Failure]) -> None:
    """The message starts with a capital or a fact and ends with a full stop, as does the advice."""
    assert re.match(r"[A-Z{`]", kind.message)
    assert kind.message.endswith(".")
    assert not kind.hint or kind.hint.endswith(".")
    assert [*string.Formatter().parse(kind.message + kind.hint)]
