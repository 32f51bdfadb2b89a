"""Regular expressions: re, bounded in time by the worker's clocks alone."""

import re
from collections.abc import Callable

from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import exact
from drivers.guest.language.tables import COPIED, allow

_FLAGS = "A ASCII DOTALL I IGNORECASE M MULTILINE NOFLAG S U UNICODE VERBOSE X"
_PATTERN = "findall finditer flags fullmatch groups match pattern search split sub subn"
_MATCH = (
    "end endpos expand group groupdict groups lastgroup lastindex pos re regs span start string"
)
# Without DEBUG, which would write to the worker's own output.
_MASK = int(
    re.ASCII | re.IGNORECASE | re.LOCALE | re.MULTILINE | re.DOTALL | re.UNICODE | re.VERBOSE
)


def _masked(name: str) -> Callable[..., object]:
    """Return `re.name(pattern, string, flags)`."""
    function: Callable[..., object] = getattr(re, name)

    def call(pattern: object, string: object, flags: int = 0) -> object:
        return function(exact(pattern), string, int(flags) & _MASK)

    return call


def _compile(pattern: str | re.Pattern[str], flags: int = 0) -> re.Pattern[str]:
    return re.compile(exact(pattern), int(flags) & _MASK)


def _split(
    pattern: str | re.Pattern[str], string: str, maxsplit: int = 0, flags: int = 0
) -> list[str]:
    return re.split(exact(pattern), string, maxsplit=maxsplit, flags=int(flags) & _MASK)


def _sub(
    pattern: str | re.Pattern[str], repl: str, string: str, count: int = 0, flags: int = 0
) -> str:
    return re.sub(exact(pattern), exact(repl), string, count=count, flags=int(flags) & _MASK)


def _subn(
    pattern: str | re.Pattern[str], repl: str, string: str, count: int = 0, flags: int = 0
) -> tuple[str, int]:
    return re.subn(exact(pattern), exact(repl), string, count=count, flags=int(flags) & _MASK)


def _escape(pattern: str) -> str:
    # The real one hands its own table to a `translate` of user code.
    escaped: str = re.escape(exact(pattern))
    return escaped


def _re() -> Facade:
    allow(re.Pattern, _PATTERN)
    # The real one hands its table to any `==` of user code.
    COPIED[re.Pattern, "groupindex"] = lambda pattern: dict(pattern.groupindex)
    allow(re.Match, _MATCH)
    allow(re.error, "colno lineno msg pattern pos")
    values: dict[str, object] = {name: int(getattr(re, name)) for name in _FLAGS.split()}
    for name in ("findall", "finditer", "fullmatch", "match", "search"):
        values[name] = _masked(name)
    return Facade(
        "re",
        {
            **values,
            "Match": re.Match,
            "Pattern": re.Pattern,
            "PatternError": re.error,
            "error": re.error,
            "compile": _compile,
            "escape": _escape,
            "split": _split,
            "sub": _sub,
            "subn": _subn,
        },
    )


BUILDERS = {"re": _re}
