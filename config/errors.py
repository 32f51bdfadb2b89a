"""Why settings are not taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from config.stored import Change
from sanderling.kernel.errors import Fault, Refusal


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one variable, and what to do; never its value."""

    name: str
    reason: str


class ConfigRejected(Refusal):
    """{problems}.

    Correct it where it comes from: the environment, the .env file or `sanderling config set`.
    """

    code: ClassVar[str] = "config_rejected"

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep every problem; `name` and `reason` are those of the first."""
        told = "; ".join(f"{problem.name} is not valid: {problem.reason}" for problem in problems)
        first = problems[0]
        super().__init__(problems=told, name=first.name, reason=first.reason)
        self.problems = tuple(problems)


class PartRefused(Refusal):
    """The {part} cannot follow these settings and keeps what it had: {reason}.

    Mend the cause, which is tried again by itself, or change the settings once more.
    """

    code: ClassVar[str] = "part_refused"

    def __init__(self, *, part: str, reason: str) -> None:
        """Keep the part and why."""
        super().__init__(part=part, reason=reason.removesuffix("."))


class VariableUnknown(Refusal):
    """There is no variable {name!r}{guess}.

    `sanderling config list` shows what there is.
    """

    code: ClassVar[str] = "variable_unknown"

    def __init__(self, *, name: str, guess: str = "") -> None:
        """Keep at most the first 80 characters of the name, and the one that may be meant."""
        super().__init__(name=name[:80], guess=f"; perhaps {guess} is meant" if guess else "")


class EnvironmentOnlyVariable(Refusal):
    """{name} is read from the environment alone and cannot be kept in the database.

    Set it in the environment or the .env file of each process, then restart.
    """

    code: ClassVar[str] = "environment_only_variable"

    def __init__(self, *, name: str) -> None:
        """Keep the variable's name."""
        super().__init__(name=name)


class DatabaseConfigDisabled(Refusal):
    """Settings cannot be changed here: IS_CONFIG_VARIABLES_IN_DB_ENABLED is false.

    Change the environment or the .env file of each process, then restart.
    """

    code: ClassVar[str] = "database_config_disabled"


class RevisionUnknown(Refusal):
    """There is no revision {revision} of the settings.

    `sanderling config history` shows what there is.
    """

    code: ClassVar[str] = "revision_unknown"

    def __init__(self, *, revision: int) -> None:
        """Keep the number."""
        super().__init__(revision=revision)


class RevisionNotInForce(Refusal):
    """Revision {revision} is not in force everywhere: {waiting}.

    `sanderling config list --processes` tells what each process says.
    """

    code: ClassVar[str] = "revision_not_in_force"

    def __init__(self, *, revision: int, waiting: Sequence[str]) -> None:
        """Keep, per process that does not run by it, what it says."""
        super().__init__(revision=revision, waiting="; ".join(waiting))
        self.waiting = tuple(waiting)


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


class TrialUnknown(Refusal):
    """There is no trial {name!r}.

    `GET /v1/config/trials` lists what there is.
    """

    code: ClassVar[str] = "trial_unknown"

    def __init__(self, *, name: str) -> None:
        """Keep at most the first 80 characters of the name."""
        super().__init__(name=name[:80])


class TrialUnavailable(Refusal):
    """The trial {name} cannot be run: this release has no part that would use it.

    `GET /v1/config/trials` says which ones can.
    """

    code: ClassVar[str] = "trial_unavailable"

    def __init__(self, *, name: str) -> None:
        """Keep the name."""
        super().__init__(name=name)
