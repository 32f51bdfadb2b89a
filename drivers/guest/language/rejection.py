"""Why a source was not compiled, as a value that names the line and says what to write."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that the language does not allow; `line` and `column` count from 1."""

    line: int | None
    column: int | None
    reason: str
    hint: str = ""


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
