"""Why settings are not taken."""

from collections.abc import Sequence
from typing import ClassVar

from config.stored import Change
from sanderling.kernel.errors import Fault, Refusal


class ConfigRejected(Refusal):
    """The setting {name} is not valid: {reason}.

    Correct it in the environment or in the .env file and start again.
    """

    code: ClassVar[str] = "config_rejected"

    def __init__(self, *, name: str, reason: str) -> None:
        """Keep the variable's name and what is wrong, never its value."""
        super().__init__(name=name, reason=reason)


class HeadMoved(Refusal):
    """Revision {revision} cannot be made: the newest one is {head}.

    Read the newest revision and try again.
    """

    code: ClassVar[str] = "config_head_moved"

    def __init__(self, *, revision: int, head: int) -> None:
        """Keep the number that was asked for and the newest one."""
        super().__init__(revision=revision, head=head)
        self.head = head


class ConfigConflict(Refusal):
    """Somebody else has changed {names} since revision {base}; nothing was changed now.

    Look at both values, then change it again, based on revision {head}.
    """

    code: ClassVar[str] = "config_conflict"

    def __init__(self, *, base: int, head: int, conflicts: Sequence[Change]) -> None:
        """Keep, per variable, what is in force (`before`) and what was asked for (`after`)."""
        names = ", ".join(conflict.name for conflict in conflicts)
        super().__init__(names=names, base=base, head=head)
        self.conflicts = tuple(conflicts)


class SealingRefused(Refusal):
    """There is no key to seal secrets with: {reason}.

    Set APP_SECRET to at least 32 random characters, then restart; `sanderling init` writes one.
    """

    code: ClassVar[str] = "sealing_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep why there is none."""
        super().__init__(reason=reason)


class SecretUnreadableError(Fault):
    """The secret at {place} cannot be opened: {reason}.

    Set it again, or restore the APP_SECRET that it was sealed with as APP_SECRET_PREVIOUS.
    """

    code: ClassVar[str] = "secret_unreadable"

    def __init__(self, *, place: str, reason: str) -> None:
        """Keep where it is and why, never a part of it."""
        super().__init__(place=place, reason=reason)
