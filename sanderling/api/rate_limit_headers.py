"""Rate limits as response headers, after the IETF draft *RateLimit header fields for HTTP*.

Both are structured-field lists: `RateLimit-Policy: "api-short";q=100;w=1` says what is allowed
(`q` in `w` seconds), `RateLimit: "api-short";r=99;t=1` what is left and when it is whole again.
A third one of our own, `RateLimit-Scope`, tells when processes cannot count together.
"""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from sanderling.metering.ports import RuleState, Scope

Headers = tuple[tuple[bytes, bytes], ...]

_TOLD_SCOPES: Mapping[Scope, Headers] = {
    scope: ((b"ratelimit-scope", scope.encode("ascii")),) for scope in (Scope.SHARE, Scope.OPEN)
}


@lru_cache(1024)
def _policy(name: str, burst: int, period_us: int) -> str:
    return f'"{name}";q={burst};w={-(-period_us // 1_000_000)}'


def rate_limit_headers(states: Iterable[RuleState], scope: Scope) -> Headers:
    """Return the headers; nothing for a request that no rule counted, unless the limits are open.

    Windows and waits are whole seconds, rounded up.
    """
    policies: list[str] = []
    standings: list[str] = []
    for state in states:
        rule = state.rule
        policies.append(_policy(rule.name, rule.burst, rule.period_us))
        standings.append(f'"{rule.name}";r={state.remaining};t={math.ceil(state.resets_in_s)}')
    told = _TOLD_SCOPES.get(scope, ())
    if not policies:
        return told
    return (
        (b"ratelimit-policy", ", ".join(policies).encode("ascii")),
        (b"ratelimit", ", ".join(standings).encode("ascii")),
        *told,
    )
