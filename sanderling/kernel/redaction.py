"""Takes secrets out of JSON values and texts, by the names that they stand under.

Guarantees: what stands under a name that a rule names is replaced, whatever it is, and handed to
`masking`, which hunts for copies. Time is bounded by the size of what is looked at: names, secrets
and rules are counted, and who goes beyond gets `Unbounded`, so that nothing of it is kept.
Assumptions: values are strict JSON as `jsontext` reads it, so nesting is bounded.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sanderling.kernel.jsontext import JSON
from sanderling.kernel.masking import REDACTED, Secrets, Unbounded

MAX_RULES = 100
MAX_RULE = 100
MAX_NAMES = 20_000
_MAX_HARMLESS = 10_000

DEFAULT_RULES = (
    *("*password*", "passwd", "pwd", "*passphrase*", "*secret*", "*token", "*authorization"),
    *("*cookie", "*api_key", "*access_key", "*private_key", "*credential*"),
    *("card_number", "cvv", "cvc"),
)

_OTHER_FORMS = (("rawBody", "body"), ("rawQueryString", "queryStringParameters"))
"""Members of requests' events that hold another one's value as it came: what is taken out of the
one stands in the other, in a spelling that nobody can foresee."""

_FOLDED = bytes.maketrans(bytes(range(65, 91)), bytes(range(97, 123)))
_NOT_FOLDED = b"-_ "


class RedactRuleRefused(ValueError):
    """A text is no rule; the message says why and what one looks like."""

    def __init__(self, *, rule: str, reason: str) -> None:
        """Say so of the start of `rule`."""
        super().__init__(
            f"{rule[:MAX_RULE]!r} is no rule: {reason}; write a name such as password, or a path "
            "of names such as card.number, where a name may start or end with a star"
        )


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of a rule: its core, folded, and where a star stands."""

    core: str
    may_precede: bool
    may_follow: bool

    def matches(self, folded: str) -> bool:
        if self.may_precede:
            return self.core in folded if self.may_follow else folded.endswith(self.core)
        return folded.startswith(self.core) if self.may_follow else folded == self.core


def fold(name: str) -> str:
    """Return `name` as rules see it: in lower case, without `-`, `_` and blanks."""
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")


def _parsed(rule: str) -> tuple[_Name, ...]:
    if len(rule) > MAX_RULE:
        raise RedactRuleRefused(rule=rule, reason=f"it is longer than {MAX_RULE} characters")
    names: list[_Name] = []
    for word in rule.split("."):
        core = fold(word.removeprefix("*").removesuffix("*"))
        if not core or not core.isprintable() or any(char in core for char in '*"\\'):
            reason = "each name has letters, no quotes, and stars only around it"
            raise RedactRuleRefused(rule=rule, reason=reason)
        names.append(_Name(core, word.startswith("*"), word.endswith("*")))
    return tuple(names)


class Redactor:
    """Know the rules, which are immutable, and apply them.

    Names that no rule is about are remembered, so one event loop or thread owns it.
    """

    def __init__(self, rules: Iterable[str]) -> None:
        """Take the rules.

        Raises:
            RedactRuleRefused: one is no rule, or there are more than 100.

        """
        parsed = [_parsed(rule) for rule in rules]
        if len(parsed) > MAX_RULES:
            raise RedactRuleRefused(rule="…", reason=f"there are more than {MAX_RULES} rules")
        self._single = tuple(rule[0] for rule in parsed if len(rule) == 1)
        self._paths = tuple(rule for rule in parsed if len(rule) > 1)
        self._lasts = tuple({rule[-1] for rule in parsed})
        self._harmless: set[bytes] = set()
        cores = {rule[-1].core for rule in parsed}
        # Whoever contains another core is found by that one already.
        least = [core for core in cores if not any(o != core and o in core for o in cores)]
        self._cores = tuple(least)
        self._core_bytes = tuple(core.encode() for core in least)

    def may_match(self, text: bytes) -> bool:
        """Claim that a rule may name something in this JSON text; quick, and never wrongly False.

        Nearly all calls hold no secret: this spares them being parsed.
        """
        if b"{" not in text:
            return False
        if b"\\" not in text:
            names = _names_in(text)
            return not self._harmless.issuperset(names) and not all(map(self._is_harmless, names))
        if b"\\u" in text or b"\\/" in text:
            return bool(self._cores)
        if text.isascii():
            folded = text.translate(_FOLDED, _NOT_FOLDED)
            return any(core in folded for core in self._core_bytes)
        words = fold(text.decode(errors="replace"))
        return any(core in words for core in self._cores)

    def _is_harmless(self, name: bytes) -> bool:
        if name in self._harmless:
            return True
        folded = fold(name.decode(errors="replace"))
        if any(last.matches(folded) for last in self._lasts):
            return False
        if len(self._harmless) >= _MAX_HARMLESS:
            self._harmless.clear()
        if len(name) <= MAX_RULE:
            self._harmless.add(name)
        return True

    def redact(self, value: JSON, secrets: Secrets) -> JSON:
        """Return `value` without what rules name, which is added to `secrets`.

        Raises:
            Unbounded: there is too much to look at.

        """
        return _Walk(self, secrets).cleaned(value, ())

    def names(self, path: tuple[str, ...]) -> bool:
        """Claim that a rule names what stands at the end of this path of folded names."""
        last = path[-1]
        if any(name.matches(last) for name in self._single):
            return True
        return any(
            len(rule) <= len(path)
            # The longer path has names left over, which no rule is about.
            and all(
                name.matches(part)
                for name, part in zip(reversed(rule), reversed(path), strict=False)
            )
            for rule in self._paths
        )


class _Walk:
    """One way through one value; lists are looked through, as if their items stood outside."""

    def __init__(self, redactor: Redactor, secrets: Secrets) -> None:
        self._redactor = redactor
        self._secrets = secrets
        self._names = 0

    def cleaned(self, value: JSON, path: tuple[str, ...]) -> JSON:
        if isinstance(value, list):
            return [self.cleaned(item, path) for item in value]
        if not isinstance(value, dict):
            return value
        self._names += len(value)
        if self._names > MAX_NAMES:
            raise Unbounded
        found: dict[str, JSON] = {}
        for name, member in value.items():
            inner = (*path, fold(name))
            if self._redactor.names(inner):
                self._secrets.add(member)
                found[name] = REDACTED
            else:
                found[name] = self.cleaned(member, inner)
        for raw, read in _OTHER_FORMS:
            if value.get(raw) and found.get(read) != value.get(read):
                self._secrets.add(value[raw])
                found[raw] = REDACTED
        return found


def _names_in(text: bytes) -> list[bytes]:
    """Return every name in a JSON text without backslashes.

    Without a backslash no quote stands inside a text, so every second piece between quotes is one,
    and a name where a colon follows. It is a fraction of what parsing costs.
    """
    pieces = text.split(b'"')
    return [
        piece
        for piece, after in zip(pieces[1::2], pieces[2::2], strict=False)
        if after == b":" or after.lstrip().startswith(b":")
    ]
