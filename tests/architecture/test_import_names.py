"""Our top-level names are ours alone."""

import importlib
import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.house import ROOMS, ROOT


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_imported_from_this_checkout(room: str) -> None:
    """Nothing that is installed shadows a room."""
    module = importlib.import_module(room)

    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(ROOT)


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_distribution_ships_a_rooms_name(room: str) -> None:
    """No dependency installs a package with the name of a room."""
    owners = set(importlib.metadata.packages_distributions().get(room, []))

    assert owners <= {"sanderling"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Return the wheel as it is built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        timeout=60,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


@pytest.mark.slow
def test_the_wheel_holds_the_rooms_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Installing the wheel adds our five names and its own metadata."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_rooms(wheel: zipfile.ZipFile) -> None:
    """What works in the checkout is there after an install, migrations and templates too."""
    here = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }

    assert here - set(wheel.namelist()) == set()


@pytest.mark.slow
def test_the_wheel_holds_the_examples(wheel: zipfile.ZipFile) -> None:
    """`sanderling demo` finds its functions without a checkout."""
    here = {
        f"sanderling/examples/{path.relative_to(ROOT / 'examples')}"
        for path in (ROOT / "examples").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }

    assert here
    assert here - set(wheel.namelist()) == set()
