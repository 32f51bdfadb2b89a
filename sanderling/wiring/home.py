"""The home: the folder of the embedded database and the .env file."""

import os
import secrets
from pathlib import Path

from config.variables import Settings
from sanderling.store import DatabaseLimits
from sanderling.wiring.errors import HomeUnusableError

DATABASE = "sanderling.db"
ENV_FILE = ".env"
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


def open_home(home: Path) -> bool:
    """Make sure that `home` is a folder; True when it was made now, for its owner alone.

    Raises:
        HomeUnusableError: it cannot be made, or something else has its name.

    """
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=_PRIVATE_FOLDER)
    except FileExistsError:
        if not home.is_dir():
            raise HomeUnusableError(home=str(home), reason="it is not a folder") from None
        return False
    except OSError as error:
        raise HomeUnusableError(home=str(home), reason=error.strerror or "unknown") from error
    return True


def write_env_file(home: Path) -> bool:
    """Make sure that there is an .env file with an APP_SECRET; True when it was made now.

    A file that is there is never changed, whatever it holds.

    Raises:
        HomeUnusableError: it cannot be written.

    """
    text = (
        "# Settings of this instance; the environment wins over this file.\n"
        "# Keep it with your backups and away from everyone else.\n"
        f"APP_SECRET={secrets.token_urlsafe(32)}\n"
    )
    try:
        # Exclusive: whoever comes second sees the file of the first.
        number = os.open(home / ENV_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    except FileExistsError:
        return False
    except OSError as error:
        raise HomeUnusableError(home=str(home), reason=error.strerror or "unknown") from error
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def database_url(settings: Settings) -> str:
    """Return where the database is: the URL that was set, else a file in the home."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{settings.home / DATABASE}"


def database_limits(settings: Settings) -> DatabaseLimits:
    """Return how much of the database this process takes: in all as many connections as was set.

    Leases have one of their own, and so has who listens for changed settings on PostgreSQL; where
    Redis tells of those, the work has that one as well. A SQLite file takes what it is given.
    """
    if database_url(settings).startswith("sqlite"):
        return DatabaseLimits()
    apart = 1 if settings.redis_url is not None else 2
    return DatabaseLimits(connections=settings.pg_pool_max_connections - apart)
