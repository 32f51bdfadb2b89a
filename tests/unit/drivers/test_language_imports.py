"""What import gives, and what it refuses."""

import sys
from pathlib import Path

import pytest

from drivers.guest.language.catalogue import FACADES, FROM_ONLY, open_facade, preload
from drivers.guest.language.charsets import CHARSETS
from drivers.guest.language.facade import Facade, values_of
from drivers.guest.language.imports import INTERNAL, guarded_import
from support.language import rejection_of, returned, run_guest, run_lines

PACKAGES = {"email", "urllib"}


def test_unknown_module_gets_the_list_of_what_is_there() -> None:
    """A module that is not there is refused with a hint and the modules that are."""
    found = rejection_of("import requests")

    assert (found.line, found.column) == (2, 5)
    assert found.reason == "The module requests is not available here."
    assert "no network" in found.hint
    assert "urllib.parse" in found.hint


@pytest.mark.parametrize(
    "line",
    [
        "import os, sys",
        "import math, os",
        "import os.path",
        "import json.decoder",
        "import urllib.request",
        "import email.message",
        "from . import x",
        "from .. import x",
        "from os import path",
        "from urllib.request import urlopen",
        "from __future__ import annotations",
        "import builtins",
        "import drivers.guest.language",
        "import typing",
    ],
)
def test_other_modules_are_refused_when_compiling(line: str) -> None:
    """Nothing outside the catalogue compiles."""
    assert rejection_of(line).line == 2


def test_star_import_is_refused() -> None:
    """Names have to be said, so that no guard is shadowed."""
    assert rejection_of("from math import *").hint.startswith("Name what you need")


@pytest.mark.parametrize("module", sorted(FROM_ONLY))
def test_module_of_few_names_is_imported_by_names(module: str) -> None:
    """A module of which little is left is refused whole, and its names are listed."""
    assert rejection_of(f"import {module}").hint
    assert "There is: " in rejection_of(f"from {module} import nope").hint


def test_dotted_modules_import_in_every_form() -> None:
    """Dotted names bind as Python binds them."""
    value = returned(
        "import urllib.parse",
        "import urllib.parse as up",
        "from urllib import parse",
        "from urllib.parse import quote",
        "import email.utils, collections.abc",
        "return [f('a b') for f in (urllib.parse.quote, up.quote, parse.quote, quote)]",
    )

    assert value == ["a%20b"] * 4


def test_missing_name_lists_what_is_there() -> None:
    """From-import of a name that a facade lacks says what it has."""
    ran = run_lines("from string import Formatter")

    assert ran.says.startswith("ImportError: string has no 'Formatter' here; there is: ascii_")


@pytest.mark.parametrize("name", sorted(FACADES))
def test_every_facade_can_be_opened(name: str) -> None:
    """Each module of the catalogue has a facade with public names only."""
    facade = open_facade(name)

    assert type(facade) is Facade
    assert not [key for key in values_of(facade) if key.startswith("_")]
    assert repr(facade) == f"<{name}>"


@pytest.mark.parametrize("name", sorted(FROM_ONLY))
def test_names_checked_when_compiling_are_those_of_the_facade(name: str) -> None:
    """The compiler's list of names is the facade's."""
    assert set(values_of(open_facade(name))) == FROM_ONLY[name]


def test_import_at_run_time_serves_nothing_else() -> None:
    """The guard refuses modules by itself, should one get past the compiler."""
    for name in ("os", "sys", "builtins", "json.decoder"):
        with pytest.raises(ImportError):
            guarded_import(name, {}, {}, None, 0)


def test_relative_import_at_run_time_is_refused() -> None:
    """The guard knows no packages."""
    with pytest.raises(ImportError):
        guarded_import("math", {}, {}, ("pi",), 1)


def test_interpreter_gets_its_own_modules() -> None:
    """C code, which asks with a list, gets the few modules it needs; user code never does."""
    preload()

    assert guarded_import("_strptime", {}, {}, [], 0) is sys.modules["_strptime"]
    with pytest.raises(ImportError):
        guarded_import("_strptime", {}, {}, ("x",), 0)
    with pytest.raises(ImportError):
        guarded_import("os", {}, {}, [], 0)
    assert not {"os", "sys", "builtins", "io", "posix"} & INTERNAL


def test_calls_that_import_inside_the_interpreter_work() -> None:
    """strptime, big integers, named characters and substitution work from user code."""
    value = returned(
        "import datetime, re, time, unicodedata",
        "day = datetime.datetime.strptime('2024-02-03', '%Y-%m-%d')",
        "year = time.strptime('2023', '%Y').tm_year",
        "big = (10 ** 4000) // (10 ** 3999)",
        "return [day.month, year, big, len(str(10 ** 4000)), re.compile('(a)').sub(r'\\1b', 'a'),",
        "        'é'.encode('ascii', 'namereplace').decode(), '\\N{BULLET}', day.strftime('%B')]",
    )

    assert value == [
        2,
        2023,
        10,
        4001,
        "ab",
        "\\N{LATIN SMALL LETTER E WITH ACUTE}",
        "•",
        "February",
    ]


def test_random_is_seeded_anew_for_every_call() -> None:
    """Two calls in one process draw different numbers, although the module is loaded once."""
    source = "import random\ndef handler(event, context):\n    return random.getrandbits(128)\n"

    assert run_guest(source).value != run_guest(source).value


def test_own_seed_survives_a_second_import() -> None:
    """A seed that user code chose holds for the rest of the call."""
    value = returned(
        "import random",
        "random.seed(4)",
        "first = random.random()",
        "random.seed(4)",
        "import random",
        "return first == random.random()",
    )

    assert value is True


def test_facade_cannot_be_changed() -> None:
    """Native writes to a facade raise, too."""
    facade = open_facade("math")

    with pytest.raises(AttributeError):
        facade.pi = 3
    with pytest.raises(AttributeError):
        del facade.pi


def test_reference_lists_every_module() -> None:
    """The page on guest Python names every module of the catalogue."""
    page = Path(__file__).parents[3] / "docs" / "reference" / "guest-python.md"
    text = page.read_text(encoding="utf-8")

    assert [name for name in FACADES if f"`{name}`" not in text and name not in PACKAGES] == []


def test_charsets_are_loaded_before_lockdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every listed character set works when nothing can be imported any more."""
    preload()
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])

    value = returned(f"return ['a'.encode(name).decode(name) for name in {list(CHARSETS)!r}]")

    assert value == ["a"] * len(CHARSETS)
