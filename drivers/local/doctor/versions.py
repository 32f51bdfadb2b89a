"""Judges the versions of what the sandbox stands on."""

import importlib.metadata
import re

from sanderling.kernel.findings import Finding, Standing

_TOPIC = "versions"
# The first release that the advisory calls free of it, on any line.
_EXCEPT_STAR_MENDED = (3, 13, 2)
_LEAST_RESTRICTED_PYTHON = 9


def installed_version(package: str) -> str | None:
    """Return the version of an installed package; None where none is known."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_patch_level(version: tuple[int, int, int]) -> Finding:
    """Warn of the interpreters that CVE-2025-22153 names; the driver runs on them all the same.

    The advisory names everything from 3.11 and before 3.13.2. Whether later releases of 3.11 and
    3.12 carry the correction is not said there, and not claimed here.
    """
    text = ".".join(map(str, version))
    if version >= _EXCEPT_STAR_MENDED:
        detail = f"{text} is not among the releases that CVE-2025-22153 names"
        return Finding(_TOPIC, "python_patch", Standing.OK, detail, value=text)
    return Finding(
        _TOPIC,
        "python_patch",
        Standing.WARNING,
        f"{text} is among the releases before 3.13.2 that CVE-2025-22153 names (a confusion of "
        "types in except*); our compiler refuses except*, and it is not known whether late "
        "releases of 3.11 and 3.12 are free of it",
        "Use Python 3.13.2 or later where you can.",
        text,
    )


def check_restricted_python(version: str | None) -> Finding:
    """Fail below 9, where functions can leave the language; None means not installed."""
    name, advice = "RestrictedPython", "Install RestrictedPython 9."
    if version is None:
        return Finding(_TOPIC, name, Standing.FAILED, "not installed", advice)
    major = re.match(r"\d+", version)
    if major is None or int(major.group()) < _LEAST_RESTRICTED_PYTHON:
        detail = f"{version} has known ways out"
        return Finding(_TOPIC, name, Standing.FAILED, detail, advice, version)
    return Finding(_TOPIC, name, Standing.OK, version, value=version)
