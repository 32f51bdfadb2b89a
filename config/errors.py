"""Why settings are not taken."""

from typing import ClassVar

from sanderling.kernel.errors import Refusal


class ConfigRejected(Refusal):
    """The setting {name} is not valid: {reason}.

    Correct it in the environment or in the .env file and start again.
    """

    code: ClassVar[str] = "config_rejected"

    def __init__(self, *, name: str, reason: str) -> None:
        """Keep the variable's name and what is wrong, never its value."""
        super().__init__(name=name, reason=reason)
