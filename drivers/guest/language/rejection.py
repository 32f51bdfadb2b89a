"""Why a source was not compiled, as a value that names the line and says what to write."""

from dataclasses import dataclass

_MAX_REASON = 500  # Names and literals of the user end up in a reason.


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that the language does not allow; `line` and `column` count from 1."""

    line: int | None
    column: int | None
    reason: str
    hint: str = ""

    def __post_init__(self) -> None:
        """Cut a reason that holds a name without end."""
        object.__setattr__(self, "reason", self.reason[:_MAX_REASON])


class CodeRejected(Exception):
    """Tell what stands against a source; the attributes are those of the first problem."""

    def __init__(
        self,
        line: int | None,
        column: int | None,
        reason: str,
        hint: str = "",
        others: tuple[Problem, ...] = (),
    ) -> None:
        reason = reason[:_MAX_REASON]
        place = "" if line is None else f"line {line}: "
        super().__init__(f"{place}{reason}")
        self.line = line
        self.column = column
        self.reason = reason
        self.hint = hint
        self.others = others

    @property
    def problems(self) -> tuple[Problem, ...]:
        """List every problem found, first one first."""
        return (Problem(self.line, self.column, self.reason, self.hint), *self.others)
