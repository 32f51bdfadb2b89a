"""Where the secret values of the configuration are sealed to."""

from config.ports import SecretPlace


def secret_place(name: str) -> SecretPlace:
    """Return the place of the variable `name`, the same in every revision.

    A sealed value is carried from revision to revision as it is, and opens for no other variable.
    """
    return SecretPlace(table="config", row=name, column="value")
