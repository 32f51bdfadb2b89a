"""Builds a Snapshot from the environment and the .env file of a home."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource

from config.catalogue import CATALOGUE, HOME
from config.errors import ConfigRejected
from config.snapshot import Snapshot, Source
from config.variables import Settings


def load_snapshot(*, home: Path | None = None, env_file: Path | None = None) -> Snapshot:
    """Return the settings of this process; the environment wins over the .env file.

    `home` wins over `SANDERLING_HOME`, which names the default. `env_file` is by default the file
    `.env` in the home; a missing one is no fault. The home of the returned settings is absolute.

    Raises:
        ConfigRejected: the first variable whose value cannot be used.

    """
    folder = resolve_home(home)
    file = env_file or folder / ".env"
    try:
        written = DotEnvSettingsSource(Settings, env_file=file).env_vars
        # The field is named by its alias here; its Python name is only for readers of settings.
        settings = Settings(
            _env_file=file,  # pyright: ignore[reportCallIssue] - hidden from the model's signature.
            **{HOME: folder},  # type: ignore[arg-type] # as above
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        raise ConfigRejected(name=name, reason=first["msg"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigRejected(name=str(file), reason=type(error).__name__) from error
    sources = {variable.name: _source(variable.names, written, home=home) for variable in CATALOGUE}
    return Snapshot(revision=1, settings=settings, sources=sources)


def resolve_home(home: Path | None = None) -> Path:
    """Return the absolute home: `home`, else `SANDERLING_HOME`, else the default.

    Raises:
        ConfigRejected: it starts with a `~` that stands for nobody.

    """
    chosen = home or Path(os.environ.get(HOME) or Settings.model_fields["home"].default)
    try:
        return chosen.expanduser().absolute()
    except RuntimeError as error:
        raise ConfigRejected(name=HOME, reason="the folder behind ~ is not known") from error


def _source(
    names: tuple[str, ...], written: Mapping[str, str | None], *, home: Path | None
) -> Source:
    if HOME in names and home is not None and str(home) != os.environ.get(HOME):
        return Source.ARGUMENT
    if any(os.environ.get(name) for name in names):
        return Source.ENVIRONMENT
    if HOME not in names and any(written.get(name) for name in names):
        return Source.ENV_FILE
    return Source.DEFAULT
