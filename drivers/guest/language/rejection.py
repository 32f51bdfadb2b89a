"""Why a source was not compiled, as a value that names the line and says what to write."""

from dataclasses import dataclass

_MAX_REASON = 300  # Names and literals of the user end up in a reason.


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that the language does not allow, from `column` up to, but without, `end_column`.

    All numbers count from 1; the columns count characters.
    """

    line: int | None
    column: int | None
    reason: str
    hint: str = ""
    end_column: int | None = None

    def __post_init__(self) -> None:
        """Cut a reason that holds a name without end."""
        object.__setattr__(self, "reason", self.reason[:_MAX_REASON])


@dataclass(frozen=True, slots=True)
class Excess:
    """The limit that a source goes beyond; `observed` is None where nobody counted."""

    name: str
    allowed: int
    observed: int | None


class CodeRejected(Exception):
    """Tell what stands against a source in `problems`, the first one first; there is always one."""

    def __init__(self, *problems: Problem, excess: Excess | None = None) -> None:
        first = problems[0]
        place = "" if first.line is None else f"line {first.line}: "
        super().__init__(f"{place}{first.reason}")
        self.problems = problems
        self.excess = excess

    @property
    def line(self) -> int | None:
        """The line of the first problem."""
        return self.problems[0].line

    @property
    def column(self) -> int | None:
        """The column of the first problem."""
        return self.problems[0].column

    @property
    def reason(self) -> str:
        """The reason of the first problem."""
        return self.problems[0].reason

    @property
    def hint(self) -> str:
        """What to write instead at the first problem."""
        return self.problems[0].hint
