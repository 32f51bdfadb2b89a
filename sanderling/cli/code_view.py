"""Errors of user code, shown to people: the place, its line with carets, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text

from drivers.port import CodeProblem, GuestCause, GuestError, TraceLine
from sanderling.cli.terminal_text import visible

_WIDEST = 120
_BEFORE = 40
_MARK = "bold red"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What line numbers point into, as people know it; `source` None when only the guest has it."""

    name: str
    source: str | None = None

    def line(self, number: int) -> str:
        """Return one line, counted from 1; empty where there is none."""
        lines = (self.source or "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""


def told(error: GuestError | GuestCause) -> str:
    """Return type and message; some exceptions have none."""
    message = f": {visible(error.message)}" if error.message else ""
    return f"{visible(error.type)}{message}"


def error_lines(error: GuestError, file: SourceFile) -> Iterator[Text]:
    """Return what to show below a headline that tells type and message."""
    if error.problems:
        yield from _problem_lines(error.problems, file)
        return
    if error.trace:
        yield from _trace_lines(error.trace, file)
    elif error.line is not None:
        yield from _place_lines(CodeProblem("", error.line, error.column, error.end_column), file)
    if error.hint:
        yield _hint(error.hint)
    for cause in error.causes:
        how = "caused by" if cause.is_explicit else "raised while handling"
        yield Text.assemble((f"  {how} ", "bold"), told(cause))
        yield from _trace_lines(cause.trace, file)


def _problem_lines(problems: tuple[CodeProblem, ...], file: SourceFile) -> Iterator[Text]:
    for problem in problems:
        # With one problem the headline says it already.
        is_told = len(problems) > 1
        if problem.line is not None:
            yield from _place_lines(problem, file, message=problem.message if is_told else "")
        elif is_told:
            yield Text(f"  {visible(problem.message)}")
        if problem.hint:
            yield _hint(problem.hint)


def _hint(hint: str) -> Text:
    return Text.assemble(("  hint: ", "bold"), visible(hint))


def _place_lines(problem: CodeProblem, file: SourceFile, message: str = "") -> Iterator[Text]:
    line = problem.line or 0
    column = "" if problem.column is None else f":{problem.column}"
    place = f"  {visible(file.name)}:{line}{column}"
    yield Text(f"{place}  {visible(message)}" if message else place)
    text = problem.text or file.line(line)
    yield from _marked(TraceLine(line, "", text, problem.column, problem.end_column))


def _trace_lines(trace: tuple[TraceLine, ...], file: SourceFile) -> Iterator[Text]:
    for step, same in groupby(trace):
        place = f"  {visible(file.name)}:{step.line}"
        yield Text.assemble(place, (f" in {visible(step.function)}", "dim"))
        text = step.text or file.line(step.line)
        yield from _marked(TraceLine(step.line, step.function, text, step.column, step.end_column))
        more = sum(1 for _ in same) - 1
        if more:
            yield Text(f"        … {more} more times", style="dim")


def _marked(step: TraceLine) -> Iterator[Text]:
    """Return the line without its indentation, and carets under what failed."""
    code = step.text.rstrip().replace("\t", " ")
    margin = len(code) - len(code.lstrip())
    if len(code) == margin:
        return
    start = len(code) if step.column is None else step.column - 1
    if len(code) - margin > _WIDEST:
        margin = max(margin, min(start - _BEFORE, len(code) - _WIDEST))
    code = code[: margin + _WIDEST]
    gutter = f"  {step.line:>5} │ "
    yield Text.assemble((gutter, "dim"), visible(code[margin:]))
    if step.column is None or not margin <= start <= len(code):
        return
    end = start + 1 if step.end_column is None else max(step.end_column - 1, start + 1)
    # Escapes and wide characters take more room than one column; the carets follow what is shown.
    before = cell_len(visible(code[margin:start]))
    carets = max(cell_len(visible(code[start:end])), 1)
    yield Text(" " * (len(gutter) + before) + "^" * carets, style=_MARK)
