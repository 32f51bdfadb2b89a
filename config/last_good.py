"""A sealed copy of the last good body beside the process, for a start without the database."""

import json
import os
import secrets
from pathlib import Path
from typing import cast

import structlog

from config.errors import SealingRefused, SecretUnreadableError
from config.ports import Sealer, SecretPlace
from config.stored import StoredBody

log = structlog.get_logger()

_PLACE = SecretPlace(table="file", row="last-good", column="body")
_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
_MAX_BYTES = 8 * 1024 * 1024


class LastGoodFile:
    """Keep one body in a file, for its owner alone, whole or not at all.

    It is an aid: what cannot be written is logged and costs nothing else; what cannot be read is
    as good as not there. Both block for as long as the disk takes.
    """

    def __init__(self, path: Path, sealer: Sealer) -> None:
        """Keep it at `path`, sealed by `sealer`."""
        self._path = path
        self._sealer = sealer

    def save(self, body: StoredBody) -> None:
        """Put `body` in the place of what was kept."""
        plain = json.dumps({"revision": body.revision, "values": dict(body.values)})
        try:
            self._write(self._sealer.seal(plain, _PLACE))
        except (OSError, SealingRefused) as error:
            log.warning("config.copy-failed", reason=type(error).__name__)

    def load(self) -> StoredBody | None:
        """Return what was kept; None where there is none that opens."""
        try:
            with self._path.open(encoding="ascii") as file:
                sealed = file.read(_MAX_BYTES)
            kept = json.loads(self._sealer.open(sealed, _PLACE))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, SecretUnreadableError) as error:
            log.warning("config.copy-unreadable", reason=type(error).__name__)
            return None
        return StoredBody(int(kept["revision"]), cast("dict[str, str]", kept["values"]))

    def _write(self, sealed: str) -> None:
        self._path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        beside = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE)
        try:
            with os.fdopen(number, "w", encoding="ascii") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            # Whoever reads sees the old copy or the new one, never a part.
            beside.replace(self._path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
