"""What outcomes and deployments say about user code, as JSON and back."""

from dataclasses import asdict

from drivers.port import CodeProblem, GuestCause, GuestError, LimitHit, TraceLine
from runner.json_members import Members
from sanderling.kernel.jsontext import JSON


def error_json(error: GuestError | None) -> JSON:
    """Return every fact of `error`; what is not known is null."""
    if error is None:
        return None
    return {
        "type": error.type,
        "message": error.message,
        "trace": [asdict(line) for line in error.trace],
        "line": error.line,
        "column": error.column,
        "end_column": error.end_column,
        "hint": error.hint,
        "causes": [_cause_json(cause) for cause in error.causes],
        "problems": [asdict(problem) for problem in error.problems],
    }


def _cause_json(cause: GuestCause) -> JSON:
    return {
        "type": cause.type,
        "message": cause.message,
        "trace": [asdict(line) for line in cause.trace],
        "is_explicit": cause.is_explicit,
    }


def error_from_json(value: JSON) -> GuestError | None:
    """Return the error that `error_json` was given; members it does not know are left out.

    Raises:
        OutcomeUnreadableError: a member is missing or of another type.

    """
    if value is None:
        return None
    members = Members(value)
    return GuestError(
        type=members.text("type"),
        message=members.text("message"),
        trace=_trace_from(members),
        line=members.whole("line"),
        column=members.whole("column"),
        hint=members.text("hint"),
        end_column=members.whole("end_column"),
        causes=tuple(_cause_from(Members(cause)) for cause in members.items("causes")),
        problems=tuple(_problem_from(Members(problem)) for problem in members.items("problems")),
    )


def _trace_from(members: Members) -> tuple[TraceLine, ...]:
    return tuple(_trace_line_from(Members(line)) for line in members.items("trace"))


def _trace_line_from(members: Members) -> TraceLine:
    return TraceLine(
        line=members.whole("line") or 0,
        function=members.text("function"),
        text=members.text("text"),
        column=members.whole("column"),
        end_column=members.whole("end_column"),
    )


def _cause_from(members: Members) -> GuestCause:
    return GuestCause(
        type=members.text("type"),
        message=members.text("message"),
        trace=_trace_from(members),
        is_explicit=members.flag("is_explicit"),
    )


def _problem_from(members: Members) -> CodeProblem:
    return CodeProblem(
        message=members.text("message"),
        line=members.whole("line"),
        column=members.whole("column"),
        end_column=members.whole("end_column"),
        hint=members.text("hint"),
        text=members.text("text"),
    )


def limit_json(limit: LimitHit | None) -> JSON:
    """Return every fact of `limit`."""
    return None if limit is None else asdict(limit)


def limit_from_json(value: JSON) -> LimitHit | None:
    """Return the limit that `limit_json` was given.

    Raises:
        OutcomeUnreadableError: a member is missing or of another type.

    """
    if value is None:
        return None
    members = Members(value)
    return LimitHit(
        members.text("name"), members.number("allowed") or 0, members.number("observed")
    )
