"""The mistakes that `tools/sync-mutants` makes can still be made in today's code."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest

from support.house import ROOT

_LOADER = SourceFileLoader("sync_mutants", str(ROOT / "tools" / "sync-mutants"))


def mutants() -> list[tuple[str, str, str, str]]:
    """Return each mistake's name, its file, what stands there, and what it makes of that."""
    spec = spec_from_loader(_LOADER.name, _LOADER)
    assert spec is not None
    module = module_from_spec(spec)
    _LOADER.exec_module(module)
    return [(each.name, each.file, each.old, each.new) for each in module.MUTANTS]


MUTANTS = mutants()


def test_every_mistake_has_a_name_of_its_own() -> None:
    """The script is told which to try by their names."""
    assert len({name for name, *_ in MUTANTS}) == len(MUTANTS) > 20


@pytest.mark.parametrize(("name", "file", "old", "new"), MUTANTS)
def test_mistake_fits_the_code(name: str, file: str, old: str, new: str) -> None:
    """What it changes is there, once, and what it makes of it can be read as Python."""
    before = (ROOT / file).read_text()

    assert before.count(old) == 1, name
    compile(before.replace(old, new), file, "exec")
