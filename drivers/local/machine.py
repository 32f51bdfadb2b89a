"""Reads what a Linux machine tells about itself in files, none of which has to be there."""

import os
from collections.abc import Mapping
from pathlib import Path

_MOST_CHARACTERS = 1 << 20
_HERE = Path("/")


class Machine:
    """The files of one machine; what cannot be read is None, and nothing raises."""

    def __init__(self, root: Path = _HERE, environ: Mapping[str, str] | None = None) -> None:
        """Look below `root`, which only tests change, and at the variables `environ`."""
        self._root = root
        self.environ = os.environ if environ is None else environ

    def path(self, path: str) -> Path:
        """Return where `path` of this machine is."""
        return self._root / path.lstrip("/")

    def read(self, path: str) -> str | None:
        """Return the text of a file without blanks around it; None where it cannot be had."""
        try:
            with self.path(path).open(encoding="utf-8", errors="replace") as file:
                return file.read(_MOST_CHARACTERS).strip()
        except (OSError, ValueError):
            return None

    def read_int(self, path: str) -> int | None:
        """Return the number in a file; None where there is none, as where it says `max`."""
        text = self.read(path) or ""
        return int(text) if text.isascii() and text.isdigit() else None

    def has(self, path: str) -> bool:
        """Claim that there is something at this path and that we may know."""
        return os.path.lexists(self.path(path))

    def may_write(self, path: str) -> bool:
        """Claim that we may write there, as far as permissions tell."""
        return os.access(
            self.path(path), os.W_OK, effective_ids=os.access in os.supports_effective_ids
        )

    def has_attribute(self, path: str, name: str) -> bool:
        """Claim that a file carries an extended attribute of this name, set to 1."""
        try:
            return os.getxattr(self.path(path), name) == b"1"
        except OSError:
            return False

    def status(self) -> dict[str, str]:
        """Return the fields of the kernel's page about this process."""
        lines = (self.read("/proc/self/status") or "").splitlines()
        fields = (line.partition(":") for line in lines)
        return {name: value.strip() for name, found, value in fields if found}
