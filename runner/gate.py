"""The first three stations: authenticate, permit, limit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runner.errors import RateLimited
from runner.limit_policy import WORKFLOW_AHEAD_S, WORKFLOW_WAIT_S, LimitPolicy
from sanderling.access.permission import Permission, Permissions, require
from sanderling.access.ports import Principals
from sanderling.access.principal import Credential, Principal
from sanderling.kernel.clock import Clock
from sanderling.kernel.ids import WorkspaceId
from sanderling.metering.ports import Admission, Limiter, LimiterStatistics, Rule


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who came in, and how the rate limits stand after that."""

    principal: Principal
    admission: Admission


class Gate:
    """Let in who may, as often as allowed; each station refuses in its own words."""

    def __init__(
        self,
        principals: Principals,
        permissions: Permissions,
        limiter: Limiter,
        policy: LimitPolicy,
        clock: Clock,
    ) -> None:
        """Stand on the ports that know callers, permissions and counts; lines wait on `clock`."""
        self._principals = principals
        self._permissions = permissions
        self._limiter = limiter
        self._policy = policy
        self._clock = clock

    def follow(self, policy: LimitPolicy) -> None:
        """Count by `policy` from the next request on; what was counted before still counts."""
        self._policy = policy

    async def admit(
        self,
        credential: Credential | None,
        permission: Permission,
        *,
        extra_rules: Sequence[Rule] = (),
    ) -> Admitted:
        """Pass one API request through all three stations.

        Raises:
            Unauthenticated: there is no credential.
            KeyMalformed: the key's shape or checksum is wrong.
            KeyUnknown: no live key has this id and secret.
            KeyExpired: the key is past its day.
            Forbidden: the principal does not hold `permission`.
            RateLimited: a rule is used up; nothing was counted.

        """
        principal = await self.authenticate(credential)
        self.permit(principal, permission)
        rules = (*self.api_rules(principal), *extra_rules)
        return Admitted(principal, await self.limit(rules))

    def api_rules(self, principal: Principal) -> tuple[Rule, ...]:
        """Return the rules that count every API request of `principal`."""
        return self.rules_of(principal.workspace_id)

    def rules_of(self, workspace_id: WorkspaceId) -> tuple[Rule, ...]:
        """Return the rules that count every API request in a workspace."""
        return self._policy.api_rules(workspace_id)

    def anonymous_rules(self, workspace_id: WorkspaceId, address: str) -> tuple[Rule, Rule]:
        """Return the rules that count requests without a key: the workspace's, the address's."""
        return self._policy.anonymous_rules(workspace_id, address)

    def lost_rule(self, address: str) -> Rule:
        """Return the rule that counts a request which leads nowhere, for its address alone."""
        return self._policy.lost_rule(address)

    async def authenticate(self, credential: Credential | None) -> Principal:
        """Return who is behind `credential`."""
        return await self._principals.authenticate(credential)

    def permit(self, principal: Principal, permission: Permission) -> None:
        """Pass a principal that holds `permission`.

        Raises:
            Forbidden: it does not, and why.

        """
        require(self._permissions, principal, permission)

    def statistics(self) -> LimiterStatistics:
        """Return what the limiter decided since the start."""
        return self._limiter.statistics()

    async def limit_in_line(self, rules: Sequence[Rule]) -> Admission:
        """Do as `limit`, but wait in line where a rule can be booked ahead.

        The line is one for all processes, in the order in which callers came, and a wait is at
        most `WORKFLOW_WAIT_S`: who would wait longer is refused at once.

        Raises:
            RateLimited: as `limit`, or the line is too long.

        """
        admission = await self.limit(rules, patience_us=round(WORKFLOW_WAIT_S * 1e6))
        if admission.wait_s:
            await self._clock.wait_s(admission.wait_s)
        return admission

    async def book(self, rules: Sequence[Rule]) -> Admission:
        """Do as `limit` for a call that nobody waits for: it is due after `wait_s` seconds.

        Raises:
            RateLimited: as `limit`, or it would be due after more than `WORKFLOW_AHEAD_S`.

        """
        return await self.limit(rules, patience_us=round(WORKFLOW_AHEAD_S * 1e6))

    async def limit(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        """Count `cost` requests against all `rules`, or against none.

        With `patience_us` it may be admitted for a moment that is up to so far ahead.

        Raises:
            RateLimited: the rule that makes the caller wait longest.

        """
        admission = await self._limiter.acquire(rules, cost=cost, patience_us=patience_us)
        rule = admission.refused_by
        if rule is None:
            return admission
        # More than a burst at once never fits; a part of it does after a whole period.
        wait_s = min(admission.retry_after_s, rule.period_us / 1e6)
        raise RateLimited(
            rule=rule.name,
            limit=rule.burst,
            window_s=rule.period_us / 1e6,
            # Rounded up: who comes back at the time we named must be let in.
            resets_in_s=math.ceil(wait_s * 1000) / 1000,
            states=admission.states,
            scope=admission.scope,
        )
