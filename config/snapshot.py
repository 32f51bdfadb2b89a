"""The settings in force, immutable and numbered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from config.layers import Layers
from config.variables import Settings


class Source(StrEnum):
    """Where the value of a variable came from."""

    ARGUMENT = "argument"
    DATABASE = "database"
    ENVIRONMENT = "environment"
    ENV_FILE = ".env"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Settings that were validated together; a higher revision is newer.

    The revision is that of what is stored, 0 without anything stored. `sources` tells, per
    variable name as in the catalogue, where its value came from, and `hidden` which other place
    has a different value that does not count. `ignored` names what is stored and is not for this
    release, or not for the database. `layers` is what this process found beside the database.
    """

    revision: int
    settings: Settings
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    hidden: Mapping[str, Source] = field(default_factory=dict[str, Source])
    ignored: tuple[str, ...] = ()
    layers: Layers = field(default_factory=Layers, repr=False)
