"""Which rules count what."""

import pytest

from runner.function import RateLimit
from runner.limit_policy import LimitPolicy, network_of
from sanderling.kernel.ids import FunctionId, WorkspaceId

POLICY = LimitPolicy(
    api_short=RateLimit(100, 1000),
    api_long=RateLimit(200, 60_000),
    function_default=RateLimit(1000, 30_000),
)
HERE = WorkspaceId("ws_here")
ECHO = FunctionId("fn_echo")


def test_every_request_counts_against_both_api_limits() -> None:
    """A workspace has a short and a long limit, in whole microseconds."""
    rules = POLICY.api_rules(HERE)

    assert [(rule.name, rule.burst, rule.period_us) for rule in rules] == [
        ("api-requests-short", 100, 1_000_000),
        ("api-requests-long", 200, 60_000_000),
    ]


def test_an_execution_counts_for_its_workspace_and_its_function() -> None:
    """Without a limit of its own a function has the default, as its workspace has."""
    rules = POLICY.execution_rules(HERE, ECHO, None)

    assert [(rule.name, rule.burst, rule.period_us) for rule in rules] == [
        ("workspace-executions", 1000, 30_000_000),
        ("function-executions", 1000, 30_000_000),
    ]


def test_a_function_s_own_limit_replaces_the_default() -> None:
    """The workspace's limit stays as it is."""
    rules = POLICY.execution_rules(HERE, ECHO, RateLimit(5, 10))

    assert [(rule.burst, rule.period_us) for rule in rules] == [(1000, 30_000_000), (5, 10_000)]


def test_no_two_rules_share_a_key() -> None:
    """What one rule counts never adds to another."""
    workspaces = [WorkspaceId("ws_a"), WorkspaceId("ws_b")]
    functions = [FunctionId("fn_a"), FunctionId("fn_b")]
    keys = [rule.key for workspace in workspaces for rule in POLICY.api_rules(workspace)]
    keys += [POLICY.execution_rules(workspace, ECHO, None)[0].key for workspace in workspaces]
    keys += [POLICY.execution_rules(HERE, function, None)[1].key for function in functions]

    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("a:b", "a:b"),
    ],
)
def test_addresses_of_one_peer_count_together(address: str, network: str) -> None:
    """Whoever has an IPv6 network has more addresses in it than anybody could count."""
    assert network_of(address) == network
    assert POLICY.lost_rule(address).key == f"anonymous-address:{network}"
    assert POLICY.anonymous_rules(HERE, address)[1].key.endswith(f":{network}")
