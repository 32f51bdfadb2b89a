"""Builds a Snapshot from the environment and an optional .env file."""

from pathlib import Path

from pydantic import ValidationError

from config.errors import ConfigRejected
from config.snapshot import Snapshot
from config.variables import Settings


def load_snapshot(*, env_file: Path | None = None) -> Snapshot:
    """Return the settings of this process; the environment wins over `env_file`.

    Raises:
        ConfigRejected: the first variable whose value cannot be used.

    """
    try:
        # pydantic-settings takes _env_file at run time; its signature hides it from the model.
        settings = Settings(_env_file=env_file)  # pyright: ignore[reportCallIssue] - as above.
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        raise ConfigRejected(name=name, reason=first["msg"]) from None
    return Snapshot(revision=1, settings=settings)
