"""What is kept of a call: within bounds, and without what rules call secret."""

import hashlib
import json
from dataclasses import dataclass, replace

from drivers.port import CodeProblem, GuestCause, GuestError, Outcome, TraceLine
from runner.call import CallRecord, Part, Withheld, Withholding
from sanderling.kernel import jsontext
from sanderling.kernel.jsontext import InvalidJSON
from sanderling.kernel.masking import REDACTED, Secrets, Unbounded
from sanderling.kernel.redaction import DEFAULT_RULES, Redactor
from sanderling.kernel.units import KIB

NOTHING = b"null"
_ALL_REDACTED = json.dumps(REDACTED).encode()


@dataclass(frozen=True, slots=True)
class KeepingPolicy:
    """How calls are kept.

    An event or a result above `max_body_bytes` is left out. `rules` are those of
    `sanderling.kernel.redaction`.
    """

    max_body_bytes: int = 256 * KIB
    are_logs_kept: bool = True
    rules: tuple[str, ...] = DEFAULT_RULES


class Keeping:
    """Make of each call what is kept of it.

    The caller gets the call as it was; this is for everything that lasts. One event loop owns it.
    """

    def __init__(self, policy: KeepingPolicy | None = None) -> None:
        """Keep calls by `policy`.

        Raises:
            RedactRuleRefused: one of its rules is none.

        """
        self.follow(policy or KeepingPolicy())

    def follow(self, policy: KeepingPolicy) -> None:
        """Keep calls by `policy` from the next one on.

        Raises:
            RedactRuleRefused: as above; the earlier policy stays.

        """
        self._redactor = Redactor(policy.rules)
        self._policy = policy

    def kept(self, record: CallRecord) -> CallRecord:
        """Return what is kept of `record`; the record itself where nothing is withheld."""
        event, result = record.event_json, record.outcome.result_json
        max_bytes = self._policy.max_body_bytes
        is_plain = (
            len(event) <= max_bytes
            and (result is None or len(result) <= max_bytes)
            and (self._policy.are_logs_kept or not record.outcome.logs)
            and not self._redactor.may_match(event)
            and (result is None or not self._redactor.may_match(result))
        )
        return record if is_plain else _Cut(self._policy, self._redactor, record).made()


class _Cut:
    """One record on its way to what is kept of it."""

    def __init__(self, policy: KeepingPolicy, redactor: Redactor, record: CallRecord) -> None:
        self._policy = policy
        self._redactor = redactor
        self._record = record
        self._secrets = Secrets()
        self._withheld: list[Withheld] = []
        self._is_hidden = False

    def made(self) -> CallRecord:
        outcome = self._record.outcome
        event = self._without_named(self._record.event_json)
        result = self._without_named(outcome.result_json)
        # Only now every secret is known: the result may repeat one that stands in the event.
        kept_event = self._body(Part.EVENT, self._record.event_json, event)
        kept_result = self._body(Part.RESULT, outcome.result_json, result)
        outcome = outcome._replace(result_json=kept_result)
        outcome = self._with_logs(self._with_error(outcome))
        return replace(
            self._record,
            event_json=kept_event or NOTHING,
            outcome=outcome,
            withheld=(*self._record.withheld, *self._withheld),
        )

    def _without_named(self, text: bytes | None) -> bytes | None:
        if text is None or not self._redactor.may_match(text):
            return text
        secrets = Secrets()
        try:
            value = jsontext.decode(text)
            cleaned = self._redactor.redact(value, self._secrets)
            is_clean = cleaned == value and not _tells_twice(text)
            return text if is_clean else jsontext.encode(cleaned)
        except (Unbounded, InvalidJSON):
            # What cannot be looked through could hold anything, and so could what it led to.
            self._is_hidden = True
            self._secrets = secrets
            return text

    def _body(self, part: Part, whole: bytes | None, text: bytes | None) -> bytes | None:
        if whole is None or text is None:
            return None
        size_bytes = len(whole)
        if size_bytes > self._policy.max_body_bytes:
            digest = hashlib.sha256(whole).hexdigest()
            self._withheld.append(Withheld(part, Withholding.TOO_LARGE, size_bytes, digest))
            return None
        if self._is_hidden:
            text = _ALL_REDACTED
        elif self._secrets:
            text = self._without_copies(text)
        if text != whole:
            self._withheld.append(Withheld(part, Withholding.REDACTED, size_bytes))
        return text

    def _without_copies(self, text: bytes) -> bytes:
        try:
            value = jsontext.decode(text)
            masked = self._secrets.mask_json(value)
            is_clean = masked == value and not _tells_twice(text)
            return text if is_clean else jsontext.encode(masked)
        except (Unbounded, InvalidJSON):
            return _ALL_REDACTED

    def _mask(self, text: str) -> str:
        if self._is_hidden:
            return REDACTED if text else text
        return self._secrets.mask(text, may_be_cut=True)

    def _with_logs(self, outcome: Outcome) -> Outcome:
        if not outcome.logs:
            return outcome
        size_bytes = len(outcome.logs.encode(errors="replace"))
        if not self._policy.are_logs_kept:
            self._withheld.append(Withheld(Part.LOGS, Withholding.TURNED_OFF, size_bytes))
            return outcome._replace(logs="")
        logs = self._mask(outcome.logs)
        if logs == outcome.logs:
            return outcome
        self._withheld.append(Withheld(Part.LOGS, Withholding.REDACTED, size_bytes))
        return outcome._replace(logs=logs)

    def _with_error(self, outcome: Outcome) -> Outcome:
        error = None if outcome.error is None else self._error(outcome.error)
        masked = outcome._replace(error=error, detail=self._mask(outcome.detail))
        if masked == outcome:
            return outcome
        told = outcome.detail if outcome.error is None else outcome.error.message
        size_bytes = len(told.encode(errors="replace"))
        self._withheld.append(Withheld(Part.ERROR, Withholding.REDACTED, size_bytes))
        return masked

    def _error(self, error: GuestError) -> GuestError:
        return replace(
            error,
            type=self._mask(error.type),
            message=self._mask(error.message),
            hint=self._mask(error.hint),
            trace=self._trace(error.trace),
            causes=tuple(map(self._cause, error.causes)),
            problems=tuple(map(self._problem, error.problems)),
        )

    def _cause(self, cause: GuestCause) -> GuestCause:
        return replace(
            cause,
            type=self._mask(cause.type),
            message=self._mask(cause.message),
            trace=self._trace(cause.trace),
        )

    def _problem(self, problem: CodeProblem) -> CodeProblem:
        return replace(
            problem,
            message=self._mask(problem.message),
            hint=self._mask(problem.hint),
            text=self._mask(problem.text),
        )

    def _trace(self, trace: tuple[TraceLine, ...]) -> tuple[TraceLine, ...]:
        return tuple(
            replace(line, function=self._mask(line.function), text=self._mask(line.text))
            for line in trace
        )


def _tells_twice(text: bytes) -> bool:
    """Claim that an object in this JSON text has a name twice.

    Only the last member of a name is in the value, so that a secret in another one is in no sight.
    """
    is_twice = False

    def note(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal is_twice
        members = dict(pairs)
        is_twice = is_twice or len(members) < len(pairs)
        return members

    json.loads(text, object_pairs_hook=note)
    return is_twice
