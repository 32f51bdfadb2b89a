"""The interpreters of this machine that Sanderling supports, one for each minor version."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14))

_PLACES = (
    "/usr/bin",
    "/usr/local/bin",
    "/opt/*/bin",
    "/opt/hostedtoolcache/Python/*/*/bin",
    "~/.pyenv/versions/*/bin",
    "~/.local/share/uv/python/*/bin",
)
_ASK = "import json, sys; print(json.dumps([sys.version_info[:2], sys.executable]))"


def _candidates() -> list[str]:
    folders = [Path(sys.executable).parent, *map(Path, os.get_exec_path())]
    # Version managers keep them side by side, and tests may run with a home that is not theirs.
    folders += sorted(Path(sys.base_prefix).parent.glob("*/bin"))
    for place in _PLACES:
        root, *rest = Path(place).expanduser().parts
        folders += sorted(Path(root).glob("/".join(rest)))
    names = [f"python{major}.{minor}" for major, minor in SUPPORTED]
    return [str(folder / name) for folder in folders for name in names if (folder / name).exists()]


def _asked(candidate: str) -> tuple[tuple[int, int], str] | None:
    """Return version and path; a name on the path may be a stand-in for nothing."""
    try:
        ran = subprocess.run(
            [candidate, "-I", "-c", _ASK], capture_output=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    (major, minor), path = json.loads(ran.stdout)
    return (major, minor), path


@cache
def find_pythons() -> dict[str, str]:
    """Return the path of an interpreter for each supported version found, this one's own first."""
    own = sys.version_info[:2]
    found: dict[tuple[int, int], str] = {own: sys.executable}
    for candidate in _candidates():
        asked = _asked(candidate)
        if asked is not None and asked[0] in SUPPORTED:
            found.setdefault(*asked)
    return {f"{major}.{minor}": found[major, minor] for major, minor in sorted(found)}
