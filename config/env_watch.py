"""Notices that an .env file has changed under a process that does not read it again."""

from config.errors import ConfigRejected
from config.layers import Layers, reread
from config.merge import differences
from config.resolution import resolve


class EnvWatch:
    """Looks at the file's place in its folder, so that a file put there by renaming is seen.

    Nothing is applied: in environment-only mode a restart does that, and this tells who waits
    for one.
    """

    def __init__(self, layers: Layers) -> None:
        """Compare with what the process found when it started."""
        self._layers = layers
        self._mark = self._look()
        self._waiting: tuple[str, ...] = ()

    def waiting(self) -> tuple[str, ...]:
        """Return the variables to which a restart would give another value."""
        mark = self._look()
        if mark != self._mark:
            self._mark = mark
            self._waiting = self._compare()
        return self._waiting

    def _look(self) -> tuple[int, int, int] | None:
        path = self._layers.env_path
        try:
            found = path.stat() if path else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_ino, found.st_size) if found else None

    def _compare(self) -> tuple[str, ...]:
        try:
            now = resolve(reread(self._layers), {})
        except ConfigRejected:
            # It is being written, or it is no text; the next change is looked at again.
            return self._waiting
        before = resolve(self._layers, {})
        return differences(
            {name: each.text for name, each in before.items()},
            {name: each.text for name, each in now.items()},
        )
