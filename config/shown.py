"""A variable with its value and where that came from, as people may see it."""

from dataclasses import dataclass

from config.catalogue import CATALOGUE, Variable
from config.layers import Layers, Texts
from config.resolution import resolve
from config.safekeeping import Safekeeping
from config.snapshot import Source


@dataclass(frozen=True, slots=True)
class ShownVariable:
    """How a variable stands in the process that is asked.

    `text` is its value as people write it, empty where there is none; of a secret it is None, and
    `fingerprint` tells values apart where one is set. `hides` is another place that has a
    different value, which does not count.
    """

    variable: Variable
    source: Source
    text: str | None
    fingerprint: str | None = None
    hides: Source | None = None

    @property
    def is_set(self) -> bool:
        """Claim that there is a value, be it the default."""
        return bool(self.text or self.fingerprint)


def show(layers: Layers, stored: Texts, safekeeping: Safekeeping) -> tuple[ShownVariable, ...]:
    """Return every variable in the order of the catalogue, with `stored` in the database."""
    resolved = resolve(layers, safekeeping.open(stored))
    shown: list[ShownVariable] = []
    for variable in CATALOGUE:
        found = resolved.get(variable.name)
        default = layers.defaults.get(variable.name, variable.default_text)
        text = found.text if found else default
        mark = None
        if found and found.source is Source.DATABASE and variable.is_sensitive:
            mark = safekeeping.shown(variable.name, stored[variable.name])
        elif variable.is_sensitive and text:
            mark = safekeeping.fingerprint(variable.name, text)
        shown.append(
            ShownVariable(
                variable=variable,
                source=found.source if found else Source.DEFAULT,
                text=None if variable.is_sensitive else text,
                fingerprint=mark,
                hides=found.hides if found else None,
            )
        )
    return tuple(shown)
