"""The checkout as the architecture tests see it: rooms, files, contracts and pages."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = ("sanderling", "config", "drivers", "jobs", "runner")
FLOORS_CONTRACT = "floors"
ARCHITECTURE_PAGE = ROOT / "docs" / "explanation" / "architecture.md"

_OTHER_CODE = ("tests", "bench", "docs", "tools", "conftest.py")
_MADE = {"__pycache__", "_build", "dist"}
_DOTTED_SOURCES = {".ci", ".gitignore", ".pre-commit-config.yaml"}


def _files_below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.name in _MADE or (child.name[0] == "." and child.name not in _DOTTED_SOURCES):
            continue
        yield from _files_below(child)


@cache
def source_files() -> tuple[Path, ...]:
    """Return every file that people wrote, in a stable order."""
    return tuple(_files_below(ROOT))


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below these folders of the checkout."""
    roots = [ROOT / folder for folder in folders]
    return [
        path
        for path in source_files()
        if path.suffix == ".py" and any(path.is_relative_to(root) for root in roots)
    ]


def all_code() -> list[Path]:
    """Return the Python files that follow house style: all but the guests' examples."""
    return python_files(*ROOMS, *_OTHER_CODE)


def shown(path: Path) -> str:
    """Return a path as people write it, from the top of the checkout."""
    return str(path.relative_to(ROOT))


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of one file."""
    return ast.parse(path.read_text(), filename=str(path))


def module_name(path: Path) -> str:
    """Return the dotted name of one of the rooms' files."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def pyproject() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def contract(contract_id: str) -> dict[str, Any]:
    """Return one import contract by its id."""
    contracts: list[dict[str, Any]] = pyproject()["tool"]["importlinter"]["contracts"]
    return next(found for found in contracts if found["id"] == contract_id)


def floors() -> list[list[str]]:
    """Return the rooms of each floor, from the top; planned rooms are left out."""
    layers: list[str] = contract(FLOORS_CONTRACT)["layers"]
    return [
        [room for room in re.split(r"\s*\|\s*", layer) if not room.startswith("(")]
        for layer in layers
    ]


def sentence_of(room: str) -> str:
    """Return the first line of a package's or module's docstring."""
    path = ROOT.joinpath(*room.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(parsed(file)) or "").partition("\n")[0]
