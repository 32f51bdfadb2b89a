"""The raw texts of this process, by where they were found; nothing else reads the environment."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    SettingsConfigDict,
)

from config.catalogue import BY_NAME, HOME
from config.declaration import Group
from config.errors import ConfigRejected, Problem

ENV_FILE = ".env"


class _Found(BaseSettings):
    """Tells the sources how to read: names as they are written, whatever their case."""

    model_config = SettingsConfigDict(case_sensitive=True)


Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layers:
    """What was found, by name or alias; `arguments` wins, then the environment, then the file.

    `defaults` are what a variable is on this machine if nobody sets it. Names that are no
    variable of ours are left out. Texts may be secrets.
    """

    arguments: Texts = field(default_factory=dict[str, str])
    environment: Texts = field(default_factory=dict[str, str])
    env_file: Texts = field(default_factory=dict[str, str])
    defaults: Texts = field(default_factory=dict[str, str])
    env_path: Path | None = None

    def __repr__(self) -> str:
        """Show no text: it may be a secret."""
        return f"Layers(env_path={self.env_path!r})"


def read_layers(*, home: Path | None = None, env_file: Path | None = None) -> Layers:
    """Return what the environment and the .env file hold now.

    `home` wins over `SANDERLING_HOME`, which names the default. `env_file` is by default the file
    `.env` in the home; a missing one is no fault. The home of the result is absolute.

    Raises:
        ConfigRejected: the home cannot be told, or the file cannot be read.

    """
    environment = _ours(EnvSettingsSource(_Found).env_vars)
    folder = resolve_home(home)
    here = {HOME: str(folder)}
    is_argument = home is not None and str(home) != environment.get(HOME)
    if environment.get(HOME) and not is_argument:
        environment.update(here)
    path = env_file or folder / ENV_FILE
    try:
        written = _ours(DotEnvSettingsSource(_Found, env_file=path).env_vars)
    except (OSError, UnicodeDecodeError) as error:
        reason = f"the file cannot be read ({type(error).__name__})"
        raise ConfigRejected([Problem(str(path), reason)]) from error
    return Layers(
        arguments=here if is_argument else {},
        environment=environment,
        env_file=written,
        defaults=here,
        env_path=path,
    )


def reread(layers: Layers) -> Layers:
    """Return what is found now at the places where `layers` were found.

    Raises:
        ConfigRejected: the file cannot be read any more.

    """
    home = layers.arguments.get(HOME)
    return read_layers(home=Path(home) if home else None, env_file=layers.env_path)


def resolve_home(home: Path | None = None) -> Path:
    """Return the absolute home: `home`, else `SANDERLING_HOME`, else the default.

    Raises:
        ConfigRejected: it starts with a `~` that stands for nobody.

    """
    chosen = home or Path(os.environ.get(HOME) or BY_NAME[HOME].default_text)
    try:
        return chosen.expanduser().absolute()
    except RuntimeError as error:
        problem = Problem(HOME, "the folder behind ~ is not known")
        raise ConfigRejected([problem]) from error


def inherited_environment(*, keep: Collection[Group] = ()) -> dict[str, str]:
    """Return what a child process inherits: everything but our variables outside of `keep`."""
    return {
        name: text
        for name, text in os.environ.items()
        if name not in BY_NAME or BY_NAME[name].group in keep
    }


def is_debugging() -> bool:
    """Claim that whoever runs the command asked for tracebacks."""
    return os.environ.get("SANDERLING_DEBUG") == "1"


def _ours(found: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in found.items() if name in BY_NAME and text is not None}
