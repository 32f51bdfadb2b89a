"""What is installed is pinned, hashed and free of addresses."""

import json
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from support.house import ROOT, pyproject

_FILES = sorted((ROOT / "requirements").glob("*.txt"))
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def _pins(file: str) -> dict[str, set[Version]]:
    """Return the versions that are pinned for each package; markers may give it several."""
    pins = dict[str, set[Version]]()
    for name, version in _PIN.findall((ROOT / "requirements" / file).read_text()):
        pins.setdefault(canonicalize_name(name), set()).add(Version(version))
    return pins


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("runtime.txt", None),
        ("build.txt", "build"),
        ("dev.txt", None),
        ("dev.txt", "build"),
        ("dev.txt", "dev"),
        ("postgres.txt", "postgres"),
        ("redis.txt", "redis"),
        ("ministack.txt", "ministack"),
        ("localemu.txt", "localemu"),
        ("google.txt", "google"),
        ("graph.txt", "graph"),
        ("readers.txt", "readers"),
    ],
)
def test_every_dependency_is_pinned_inside_its_range(file: str, group: str | None) -> None:
    """A changed range without `make lock` is found."""
    asked: list[str] = (
        pyproject()["project"]["dependencies"]
        if group is None
        else pyproject()["dependency-groups"][group]
    )

    pins = _pins(file)

    for requirement in map(Requirement, asked):
        versions = pins.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not pinned in {file}"
        assert all(version in requirement.specifier for version in versions), requirement


def test_what_npm_installs_is_pinned_hashed_and_free_of_addresses() -> None:
    """The lock of emulated providers names versions and hashes, and its wishes are in it."""
    folder = ROOT / "requirements" / "emulate"
    wished = json.loads((folder / "package.json").read_text())["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    packages = {name: each for name, each in locked.items() if name}

    assert locked[""]["dependencies"] == wished
    for name, version in wished.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    for each in packages.values():
        assert each["integrity"].startswith("sha512-")
        assert "resolved" not in each


def test_the_pins_of_users_are_the_pins_of_the_tests() -> None:
    """What the tests ran with is what users get."""
    runtime = _pins("runtime.txt").items()

    assert runtime <= _pins("dev.txt").items()


@pytest.mark.parametrize("file", _FILES, ids=lambda path: path.name)
def test_every_pin_has_hashes(file: Path) -> None:
    """A package that was replaced after it was pinned is refused."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", file.read_text(), flags=re.MULTILINE)[1:]

    assert blocks
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("file", _FILES, ids=lambda path: path.name)
def test_no_pin_names_an_address_or_a_folder(file: Path) -> None:
    """Packages come from wherever the user's pip is told to look."""
    lines = file.read_text().splitlines()

    assert [
        line
        for line in lines
        if re.search(r"://| @ |^\s*-[-a-z]|(^|\s)/", line.partition(" --hash")[0])
        and not line.strip().startswith(("#", "--hash"))
    ] == []
    assert [line for line in lines if "://" in line] == []
