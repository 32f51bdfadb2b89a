"""Which rate limits apply to whom."""

from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network
from typing import Final

from runner.function import RateLimit
from sanderling.kernel.ids import FunctionId, WorkspaceId
from sanderling.metering.ports import Rule

WORKFLOW_WAIT_S: Final = 10.0
"""How long a workflow's call, whose caller waits for the outcome, waits in line at most."""

WORKFLOW_AHEAD_S: Final = 3600.0
"""How far ahead workflow runs are booked at most, for those that nobody waits for."""

_ANONYMOUS = RateLimit(300, 60_000)
_ANONYMOUS_ADDRESS = RateLimit(100, 60_000)
_WORKFLOW_SOFT = RateLimit(limit=100, ttl_ms=60_000)
_WORKFLOW_HARD = RateLimit(limit=5000, ttl_ms=3_600_000)


def network_of(address: str) -> str:
    """Return what one peer has of addresses: one of IPv4, and as a rule 64 bits full of IPv6."""
    if ":" not in address:
        return address
    try:
        known = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = known.ipv4_mapped
    return str(IPv6Network((known, 64), strict=False)) if mapped is None else str(mapped)


def _rule(name: str, counted: str, rate_limit: RateLimit, tag: str) -> Rule:
    return Rule(
        name=name,
        key=f"{name}:{counted}",
        burst=rate_limit.limit,
        period_us=rate_limit.ttl_ms * 1000,
        # A call is counted by all of them at once.
        tag=tag,
    )


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """The numbers behind every rule.

    `api_short` and `api_long` bound the API requests of a workspace; `function_default` bounds
    its executions, in all and of each function that has no rate limit of its own. `anonymous` and
    `anonymous_address` bound requests without a key, of a workspace and of an address there.
    Beyond
    `workflow_soft` the workflow runs of a workspace wait; beyond `workflow_hard` they fail.
    """

    api_short: RateLimit
    api_long: RateLimit
    function_default: RateLimit
    anonymous: RateLimit = _ANONYMOUS
    anonymous_address: RateLimit = _ANONYMOUS_ADDRESS
    workflow_soft: RateLimit = _WORKFLOW_SOFT
    workflow_hard: RateLimit = _WORKFLOW_HARD

    def api_rules(self, workspace_id: WorkspaceId) -> tuple[Rule, ...]:
        """Return the rules that count every API request."""
        return (
            _rule("api-requests-short", workspace_id, self.api_short, workspace_id),
            _rule("api-requests-long", workspace_id, self.api_long, workspace_id),
        )

    def anonymous_rules(self, workspace_id: WorkspaceId, address: str) -> tuple[Rule, Rule]:
        """Return the rules that count a request without a key, in place of the API's."""
        counted = f"{workspace_id}:{network_of(address)}"
        return (
            _rule("anonymous-requests", workspace_id, self.anonymous, workspace_id),
            _rule("anonymous-address", counted, self.anonymous_address, workspace_id),
        )

    def lost_rule(self, address: str) -> Rule:
        """Return the rule that counts a request which leads nowhere.

        It counts for the address alone: workspaces can be made up, each with a count of its own.
        """
        network = network_of(address)
        return _rule("anonymous-address", network, self.anonymous_address, network)

    def execution_rules(
        self, workspace_id: WorkspaceId, function_id: FunctionId, own: RateLimit | None
    ) -> tuple[Rule, ...]:
        """Return the rules that count a call of this function, besides the API's."""
        return (
            _rule("workspace-executions", workspace_id, self.function_default, workspace_id),
            _rule("function-executions", function_id, own or self.function_default, workspace_id),
        )

    def workflow_rules(self, workspace_id: WorkspaceId) -> tuple[Rule, ...]:
        """Return the rules that count a call which a workflow makes, besides those of any call."""
        soft = _rule("workflow-executions-soft", workspace_id, self.workflow_soft, workspace_id)
        return (
            _rule("workflow-executions-hard", workspace_id, self.workflow_hard, workspace_id),
            replace(soft, ahead_us=round(WORKFLOW_AHEAD_S * 1e6)),
        )
