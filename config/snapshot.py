"""The settings in force, immutable and numbered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from config.variables import Settings


class Source(StrEnum):
    """Where the value of a variable came from."""

    ARGUMENT = "argument"
    ENVIRONMENT = "environment"
    ENV_FILE = ".env"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Settings that were validated together; a higher revision is newer.

    `sources` tells, per variable name as in the catalogue, where its value came from.
    """

    revision: int
    settings: Settings
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
