"""The values of the configuration with their secrets sealed, opened, and as people may see them."""

from collections.abc import Mapping

from config.catalogue import BY_NAME
from config.errors import SealingRefused, SecretUnreadableError
from config.merge import Asked, Values, differences
from config.ports import Sealer
from config.secrets import secret_place
from config.stored import Change

UNREADABLE = "secret:unreadable"
"""Stands for a secret that cannot be opened."""

KEYLESS = "secret:set"
"""Stands for any secret where there is no key to tell them apart with."""


def is_sealed(name: str) -> bool:
    """Claim that what is stored under `name` is sealed."""
    return name in BY_NAME and BY_NAME[name].is_sensitive


class Safekeeping:
    """Seals, opens and shows the values of a body."""

    def __init__(self, sealer: Sealer) -> None:
        """Keep secrets with `sealer`."""
        self._sealer = sealer

    def seal(self, asked: Asked) -> dict[str, str | None]:
        """Return what is to be stored for each value.

        Raises:
            SealingRefused: one of them is a secret and there is no key.

        """
        return {
            name: self._sealer.seal(text, secret_place(name))
            if text is not None and is_sealed(name)
            else text
            for name, text in asked.items()
        }

    def open(self, stored: Values) -> dict[str, str]:
        """Return what is stored as values; a secret that does not open stays as it is stored.

        Such a text is for comparing alone.
        """
        return {name: self._opened(name, text) for name, text in stored.items()}

    def fingerprint(self, name: str, value: str) -> str:
        """Return what stands for a secret wherever people see it."""
        try:
            return f"secret:{self._sealer.fingerprint(value, secret_place(name))}"
        except SealingRefused:
            return KEYLESS

    def shown(self, name: str, stored: str | None) -> str | None:
        """Return a stored text as people may see it, a secret as its fingerprint."""
        if stored is None or not is_sealed(name):
            return stored
        try:
            value = self._sealer.open(stored, secret_place(name))
        except SecretUnreadableError:
            return UNREADABLE
        return self.fingerprint(name, value)

    def changes(self, before: Values, after: Values) -> tuple[Change, ...]:
        """Return what differs between two bodies, by value: sealing anew is no change."""
        names = differences(self.open(before), self.open(after))
        return self.changes_of(names, before, after)

    def changes_of(
        self, names: tuple[str, ...], before: Mapping[str, str], after: Asked
    ) -> tuple[Change, ...]:
        """Return both texts of each of `names` as people may see them."""
        return tuple(
            Change(name, self.shown(name, before.get(name)), self.shown(name, after.get(name)))
            for name in names
        )

    def _opened(self, name: str, text: str) -> str:
        if not is_sealed(name):
            return text
        try:
            return self._sealer.open(text, secret_place(name))
        except SecretUnreadableError:
            return text
