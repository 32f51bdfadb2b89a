"""Makes a machine out of a few files, with nothing else there."""

from collections.abc import Mapping
from pathlib import Path

from drivers.local.machine import Machine


def a_machine(root: Path, files: Mapping[str, str] | None = None, **environ: str) -> Machine:
    """Return a machine that has exactly these files and variables."""
    for path, text in (files or {}).items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Machine(root, environ)
