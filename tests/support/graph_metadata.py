"""Graph's metadata, read from the library that Microsoft generates from it.

Microsoft publishes the metadata itself in no package; its library for Python has the same facts:
which paths there are, which query options each has and what it answers, and of every type the
properties with their own types, its subtypes, and the words of enumerations. Nothing of the
library is imported: its files are read as text within their archive.
"""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from zipfile import ZipFile

import pytest

_ROOT = "msgraph/generated/"
_ME = "users/item"
_SUBSCRIPTIONS = "subscriptions"
_ROOTS = {"me": _ME, _SUBSCRIPTIONS: _SUBSCRIPTIONS}
_BUILDER = "_request_builder.py"
_IMPORT = re.compile(r"^ *from (\.+[\w.]*) import (\w+)$", re.MULTILINE)
_BASE = re.compile(r"^class \w+\((\w+)", re.MULTILINE)
_PROPERTY = re.compile(
    r'^ +"([^"]+)": lambda n : setattr\(.*n\.get_(\w+)\((\w*)\)\),$', re.MULTILINE
)
_SUBTYPE = re.compile(r'== "#([\w.]+)"\.casefold\(\):\s+from (\.[\w.]*) import')
_WORD = re.compile(r'^    \w+ = "([^"]+)"', re.MULTILINE)
_TEMPLATE = re.compile(r'request_adapter, "\{\+baseurl\}([^"]+)"')
_GET = re.compile(r"async def get\(.*?return await self\.\w+\.send\w*\(\w+, (\w+),", re.DOTALL)
_OPTIONS = re.compile(r"\{[?&]([^}]*)\}")
_REQUIRED = re.compile(r"[?&](\w+)=\{")


@dataclass(frozen=True, slots=True)
class Property:
    """One property: how it is read, such as `enum_value`, and the type that it is of."""

    form: str
    of: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A type: its properties with those that it inherits, and its subtypes by name."""

    properties: Mapping[str, Property]
    subtypes: Mapping[str, str]
    words: frozenset[str]
    """What an enumeration allows; a type with properties has none."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Reading one resource: its path as a template, its query options, and what it answers."""

    path: str
    options: frozenset[str]
    required: frozenset[str]
    answers: str
    is_delta: bool = field(default=False)


def graph_metadata() -> "Metadata":
    """Return the metadata; without it the test fails in CI and is skipped elsewhere."""
    found = sorted((Path(sys.prefix) / "graph-metadata").glob("msgraph_sdk-*.whl"))
    if not found:
        missing = "Graph's metadata was not found; `make test` fetches it"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return _opened(found[-1])


@cache
def _opened(wheel: Path) -> "Metadata":
    return Metadata(ZipFile(wheel))


class Metadata:
    """Look up paths and types. It belongs to one thread."""

    def __init__(self, archive: ZipFile) -> None:
        """Read from the library's archive."""
        self._archive = archive
        names = [name.removeprefix(_ROOT) for name in archive.namelist() if _ROOT in name]
        self._builders = {
            folder: name
            for name in names
            for folder, _, file in [name.rpartition("/")]
            if folder.startswith((_ME, _SUBSCRIPTIONS)) and file.endswith(_BUILDER)
        }
        self._shapes: dict[str, Shape] = {}

    def reading(self, path: str) -> Operation | None:
        """Return what a GET of a path below the version does; None where there is no such path."""
        folder = ""
        for segment in path.strip("/").split("/"):
            if not folder:
                folder = _ROOTS.get(segment, "-")
                continue
            named = f"{folder}/{_snake(segment)}"
            folder = named if named in self._builders else f"{folder}/item"
        builder = self._builders.get(folder)
        return None if builder is None else self._operation(builder)

    def shape(self, name: str) -> Shape:
        """Return a type by the name that properties and operations have for it."""
        if name not in self._shapes:
            self._shapes[name] = self._read_shape(name)
        return self._shapes[name]

    def _operation(self, builder: str) -> Operation | None:
        source = self._text(builder)
        template, answers = _TEMPLATE.search(source), _GET.search(source)
        if template is None or answers is None:
            return None
        path = re.split(r"\{[?&]|\?", template[1])[0]
        required = frozenset(_REQUIRED.findall(template[1]))
        options = _OPTIONS.search(template[1])
        listed = options[1].replace("%24", "$").replace("*", "").split(",") if options else []
        return Operation(
            path,
            frozenset(listed) | required,
            required,
            _imports(builder, source)[answers[1]],
            path.endswith("delta()"),
        )

    def _read_shape(self, name: str) -> Shape:
        file = f"{name}.py"
        source = self._text(file)
        imports = _imports(file, source)
        base = _BASE.search(source)
        inherited: Mapping[str, Property] = {}
        if base is not None and base[1] in imports:
            inherited = self.shape(imports[base[1]]).properties
        own = {
            str(found): Property(str(form), imports.get(of, str(of)))
            for found, form, of in _PROPERTY.findall(source)
        }
        subtypes = {found: _resolved(file, module) for found, module in _SUBTYPE.findall(source)}
        is_enumeration = "(str, Enum)" in source
        words = frozenset(_WORD.findall(source)) if is_enumeration else frozenset[str]()
        return Shape({**inherited, **own}, subtypes, words)

    def _text(self, name: str) -> str:
        return self._archive.read(_ROOT + name).decode()


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _imports(file: str, source: str) -> Mapping[str, str]:
    """Return the modules, by their paths, of the names that a file imports."""
    return {name: _resolved(file, module) for module, name in _IMPORT.findall(source)}


def _resolved(file: str, module: str) -> str:
    package = f"{_ROOT}{file}".rpartition("/")[0].replace("/", ".")
    return resolve_name(module, package).replace(".", "/").removeprefix(_ROOT)
