"""The language walls stand on every supported Python of this machine, not on ours alone."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from support.house import ROOT
from support.pythons import find_pythons

FOLDER = ROOT / "tests" / "unit" / "drivers"
OTHERS = {
    version: path
    for version, path in find_pythons().items()
    if version != f"{sys.version_info.major}.{sys.version_info.minor}"
}
NEWEST = max(OTHERS, key=lambda version: int(version.partition(".")[2]), default=None)
# Native parts of other packages were built for this Python alone; these three are plain Python.
RUN = """
import sys
sys.path[:0] = [{root!r}, {tests!r}, {site!r}]
import pytest
sys.exit(pytest.main([
    "-q", "-c", "/dev/null", "--rootdir", {root!r}, "--noconftest", "--import-mode=importlib",
    "-p", "no:cacheprovider", "-W", "error", "-W", "ignore::pytest.PytestUnknownMarkWarning",
    "-W", "ignore::pytest.PytestUnraisableExceptionWarning",
    # Newer Pythons advise against what functions may call all the same.
    "-W", "ignore::DeprecationWarning", "--basetemp", {temporary!r},
    *{files!r},
]))
"""


def suites() -> list[str]:
    """Return the files about the language that need nothing but pytest, the audit among them."""
    files = sorted(FOLDER.glob("test_language_*.py"))
    return [str(file) for file in files if "hypothesis" not in file.read_text(encoding="utf-8")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "version",
    [
        version if version == NEWEST else pytest.param(version, marks=pytest.mark.nightly)
        for version in sorted(OTHERS)
    ],
)
def test_the_language_suites_pass_on(version: str, tmp_path: Path) -> None:
    """Audit, corpus, guards and facades hold on another Python as they do on this one."""
    program = RUN.format(
        root=str(ROOT),
        tests=str(ROOT / "tests"),
        site=sysconfig.get_path("purelib"),
        temporary=str(tmp_path / "base"),
        files=suites(),
    )

    ran = subprocess.run(
        [OTHERS[version], "-B", "-I", "-c", program],
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "LC_ALL": "C.UTF-8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )

    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout


def test_the_audit_is_among_the_suites() -> None:
    """What is run elsewhere has the reachability audit and the corpus in it."""
    names = {Path(file).name for file in suites()}

    assert {"test_language_audit.py", "test_language_corpus.py"} <= names
