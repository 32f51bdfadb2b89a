"""Hunts for copies of values that were taken out of others, in whatever form people print them.

Guarantees: after `mask` no copy of six characters or more is left. Time is bounded by the size of
what is looked at: secrets and looks are counted, and who goes beyond gets `Unbounded`.
"""

import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from sanderling.kernel.jsontext import JSON

REDACTED = "[redacted]"
MIN_SECRET = 6
"""The fewest characters of a secret whose copies are looked for; fewer would be found all over."""

MAX_SECRETS = 64
_MAX_LOOKS = 400_000
_MAX_TAIL = 512


class Unbounded(Exception):
    """There are more names or secrets in it than are looked at."""


class Secrets:
    """The values that were taken out, so that no copy of them is kept either."""

    def __init__(self) -> None:
        """Start without any."""
        self._texts: set[str] = set()
        self._forms: list[str] | None = None

    def __bool__(self) -> bool:
        """Claim that there are any to look for."""
        return bool(self._texts)

    def add(self, value: JSON) -> None:
        """Take every text and number in `value`, short ones aside.

        Raises:
            Unbounded: there are too many.

        """
        for text in _leaves(value):
            if len(text) >= MIN_SECRET and text not in REDACTED:
                self._texts.add(text)
                self._forms = None
            if len(self._texts) > MAX_SECRETS:
                raise Unbounded

    def mask(self, text: str, *, may_be_cut: bool = False) -> str:
        """Return `text` without any secret, in whatever form people print them.

        Of a text that may be cut the end is looked at too: a secret may begin there.
        """
        if not text or not self._texts:
            return text
        masked = text
        for form in self._all_forms():
            masked = masked.replace(form, REDACTED)
        if may_be_cut:
            masked = self._without_tail(masked)
        # What is left of a text and what was put in it could spell a secret anew.
        is_clean = masked == text or not any(
            form in masked for form in self._all_forms() if form not in REDACTED
        )
        return masked if is_clean and not self._is_in_url(masked) else REDACTED

    def mask_json(self, value: JSON) -> JSON:
        """Return `value` without any secret in its texts, names and numbers.

        Raises:
            Unbounded: there is too much to look at.

        """
        text = json.dumps(value, ensure_ascii=False)
        if not any(
            json.dumps(form, ensure_ascii=False)[1:-1] in text for form in self._all_forms()
        ) and not self._is_in_url(text):
            return value
        return self._masked(value, _Budget(_MAX_LOOKS // len(self._all_forms())))

    def _masked(self, value: JSON, budget: "_Budget") -> JSON:
        budget.spend()
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, list):
            return [self._masked(item, budget) for item in value]
        if isinstance(value, dict):
            return {self.mask(name): self._masked(each, budget) for name, each in value.items()}
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            spelled = json.dumps(value)
            return value if self.mask(spelled) == spelled else REDACTED
        return value

    def _all_forms(self) -> list[str]:
        if self._forms is None:
            forms = {form for text in self._texts for form in _forms(text)}
            # The longest first: what is inside another must not break it apart.
            self._forms = sorted(forms, key=lambda form: (-len(form), form))
        return self._forms

    def _is_in_url(self, text: str) -> bool:
        """Claim that a secret is left in `text` as a URL or a form may spell it.

        Which characters are escaped, and how, is up to whoever writes one.
        """
        readings = {
            *({unquote(text)} if "%" in text else ()),
            *({unquote_plus(text)} if "%" in text or "+" in text else ()),
        } - {text}
        return any(form in reading for reading in readings for form in self._all_forms())

    def _without_tail(self, text: str) -> str:
        """Return `text` without the start of a secret at its end, where a bound cut it."""
        for form in self._all_forms():
            longest = min(len(form) - 1, len(text), _MAX_TAIL)
            for length in range(longest, MIN_SECRET - 1, -1):
                if text.endswith(form[:length]):
                    return text[:-length] + REDACTED
        return text


class _Budget:
    """How many more values may be looked at."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Unbounded


def _leaves(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield json.dumps(value)


def _forms(text: str) -> Iterator[str]:
    """Yield `text` as it is, and as Python, JSON and URLs spell it."""
    yield text
    yield repr(text)[1:-1]
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield quote(text, safe="", errors="replace")
    yield quote(text, errors="replace")
    yield quote_plus(text, errors="replace")
