"""The catalogue of problems against the failures that there are and the page that lists them."""

import re
from collections.abc import Iterator

import pytest

# Loading these rooms makes their failures known.
import sanderling.redis.errors
import sanderling.store.errors
import sanderling.wiring.errors
from config.errors import ConfigConflict, ConfigRejected, PartRefused, Problem, RevisionNotInForce
from config.stored import Change
from drivers.corpus import CorpusRefused
from drivers.errors import DriverError
from drivers.port import GUEST_RAN, OutcomeKind
from jobs.streams.errors import HoldOver, LeaseLost
from runner.errors import CodeRejected, OutcomeUnreadableError
from sanderling.access.errors import KeyNotFound, KeyRefused
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.problem import RESERVED
from sanderling.api.problem_kinds import PROBLEM_KINDS, problem_code, problem_type
from sanderling.client.refusal import failure_from
from sanderling.docket.errors import CarrierAwayError
from sanderling.kernel.errors import Failure, Fault, Refusal
from sanderling.kernel.jsontext import JSON
from sanderling.kernel.redaction import RedactRuleRefused
from sanderling.schedule.errors import CatchUpRefused, CronRefused, MomentRefused, TimeZoneRefused
from sanderling.vault import TokenRefused
from support.house import ROOT

UNREACHABLE = {
    Failure: "the root",
    Refusal: "the root of refusals",
    Fault: "the root of faults",
    DriverError: "raised before anything listens; calls get the outcome misconfigured",
    PartRefused: "told in acknowledgement, health and log; nobody asked",
    CorpusRefused: "corpora are read at the command line",
    KeyNotFound: "keys are managed at the command line",
    KeyRefused: "keys are managed at the command line",
    OutcomeUnreadableError: "raised by whoever reads an answer",
    sanderling.store.errors.DatabaseURLRefused: "raised before anything listens",
    sanderling.store.errors.DatabaseNewer: "raised before anything listens",
    sanderling.store.errors.ProbeLostError: "handled by whoever listens",
    sanderling.redis.errors.RedisURLRefused: "raised at start, or the result of a trial",
    sanderling.redis.errors.RedisAwayError: "the result of a trial",
    CarrierAwayError: "handled by whoever carries tickets",
    RedactRuleRefused: "told as what is wrong with a setting",
    MomentRefused: "schedules are asked from the clock alone",
    LeaseLost: "ends a slice of a stream",
    HoldOver: "ends a slice of a stream",
    TokenRefused: "handled by whoever takes what a provider tells",
    CronRefused: "told as what is wrong with a trigger",
    TimeZoneRefused: "told as what is wrong with a trigger",
    CatchUpRefused: "told as what is wrong with a trigger",
    sanderling.wiring.errors.HomeUnusableError: "raised before anything listens",
    sanderling.wiring.errors.AddressTakenError: "raised before anything listens",
    sanderling.wiring.errors.LoopbackRequired: "raised before anything listens",
}
ELSEWHERE = (
    *("sanderling.client.", "sanderling.cli."),
    *("drivers.local.", "drivers.replies.", "drivers.guest."),
    *("jobs.providers.", "jobs.sync.", "sanderling.simulator."),
)
"""Rooms whose failures never reach the API: above it, turned into outcomes, or without routes."""

PAGE = ROOT / "docs" / "reference" / "problems.md"


def _failures(kind: type[Failure] = Failure) -> Iterator[type[Failure]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _failures(child)


def _reachable() -> list[type[Failure]]:
    ours = ("sanderling.", "runner.", "drivers.", "config.", "jobs.")
    return [
        kind
        for kind in _failures()
        if kind not in UNREACHABLE
        and kind.__module__.startswith(ours)
        and not f"{kind.__module__}.".startswith(ELSEWHERE)
    ]


def test_every_failure_that_can_reach_a_caller_has_a_row() -> None:
    """No refusal turns into an internal error because nobody chose its status."""
    assert [kind.__name__ for kind in _reachable() if kind.code not in PROBLEM_KINDS] == []


def test_every_outcome_without_a_run_has_a_row() -> None:
    """Outcomes after which no user code ran are problems; bad_code is an answer all the same."""
    without_a_run = set(OutcomeKind) - GUEST_RAN - {OutcomeKind.BAD_CODE}

    assert {kind for kind in OutcomeKind if kind in PROBLEM_KINDS} == without_a_run


def test_every_row_is_reachable() -> None:
    """The catalogue has no row that nothing leads to."""
    codes = {kind.code for kind in _reachable()} | set(OutcomeKind)

    assert set(PROBLEM_KINDS) - codes == set()


def test_every_row_is_documented_with_its_status() -> None:
    """The page of problems has a section for each type, and no other."""
    sections = re.findall(r"^\| `(urn:[a-z:-]+)` \| (\d+) \|", PAGE.read_text(), re.MULTILINE)

    assert sorted(sections) == sorted(
        (problem_type(code), str(kind.status)) for code, kind in PROBLEM_KINDS.items()
    )


def test_facts_do_not_take_the_names_of_members() -> None:
    """What every problem has is never hidden by a fact; a rejected code's hint is the hint."""
    templates = {
        kind: set(re.findall(r"{(\w+)", kind.message + kind.hint)) for kind in _reachable()
    }

    assert {kind: names & RESERVED for kind, names in templates.items() if names & RESERVED} == {}
    assert CodeRejected.hint == ""


@pytest.mark.parametrize("code", sorted(PROBLEM_KINDS))
def test_a_type_leads_back_to_its_code(code: str) -> None:
    """The URI and the code are two spellings of one word."""
    assert problem_code(problem_type(code)) == code


def test_another_uri_is_no_code() -> None:
    """`about:blank` and its like name nothing of ours."""
    assert problem_code("about:blank") == ""


def _refusal_called(code: str) -> type[Failure]:
    return next(kind for kind in _reachable() if kind.code == code)


LISTS: dict[str, dict[str, JSON]] = {
    "config_rejected": {"problems": [{"name": "A", "reason": "b"}]},
    "config_conflict": {"conflicts": [{"name": "A", "in_force": None, "asked": "b"}]},
    "revision_not_in_force": {"waiting": ["serve waits"]},
}


@pytest.mark.parametrize(
    "code",
    sorted(set(PROBLEM_KINDS) - set(OutcomeKind) - {"internal", "store_fault", "not_ready"}),
)
def test_the_client_knows_every_refusal(code: str) -> None:
    """A problem document becomes the class that was raised."""
    kind = _refusal_called(code)
    facts = dict.fromkeys(re.findall(r"{(\w+)", kind.message + kind.hint), 1)
    document: dict[str, JSON] = {
        **facts,
        "type": problem_type(kind.code),
        "allowed": "GET",
        "error": None,
        "errors": [{"place": "body", "field": "a", "message": "b"}],
    }
    document |= LISTS.get(code, {})

    failure = failure_from(document)

    assert type(failure) is kind
    match failure:
        case RequestInvalid():
            assert failure.misfits == (Misfit("body", "a", "b"),)
        case ConfigRejected():
            assert failure.problems == (Problem("A", "b"),)
        case ConfigConflict():
            assert failure.conflicts == (Change("A", None, "b"),)
        case RevisionNotInForce():
            assert failure.waiting == ("serve waits",)
        case _:
            pass
