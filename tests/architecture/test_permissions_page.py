"""The pages on permissions and rate limits say what the tables in the code say."""

import re

import pytest

from runner.function import MAX_RATE_LIMIT, RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.access.permission import Permission
from sanderling.access.principal import Role
from sanderling.access.roles import (
    PERMISSION_MEANINGS,
    ROLE_MEANINGS,
    ROLE_PERMISSIONS,
    SERVER_PERMISSIONS,
)
from sanderling.kernel.ids import FunctionId, WorkspaceId
from support.house import ROOT

_REFERENCE = ROOT / "docs" / "reference"
_PERMISSIONS = (_REFERENCE / "permissions.md").read_text()
_RATE_LIMITS = (_REFERENCE / "rate-limits.md").read_text()


@pytest.mark.parametrize("permission", Permission)
def test_a_permission_is_on_the_page(permission: Permission) -> None:
    """Its row gives the meaning and who holds it."""
    holds = ["yes" if permission in ROLE_PERMISSIONS[role] else "no" for role in Role]
    cells = [f"`{permission}`", PERMISSION_MEANINGS[permission]]
    row = " | ".join(cells if permission in SERVER_PERMISSIONS else [*cells, *holds])

    assert f"| {row} |" in _PERMISSIONS


@pytest.mark.parametrize("role", Role)
def test_a_role_is_on_the_page(role: Role) -> None:
    """Its row gives the meaning."""
    assert f"| `{role}` | {ROLE_MEANINGS[role]} |" in _PERMISSIONS


def test_every_rule_is_on_the_page_and_no_other() -> None:
    """The table of rules is that of the policy."""
    policy = LimitPolicy(RateLimit(1, 1), RateLimit(1, 1), RateLimit(1, 1))
    rules = (
        *policy.api_rules(WorkspaceId("ws_one")),
        *policy.anonymous_rules(WorkspaceId("ws_one"), "192.0.2.1"),
        *policy.execution_rules(WorkspaceId("ws_one"), FunctionId("fn_one"), None),
        *policy.workflow_rules(WorkspaceId("ws_one")),
    )

    listed = re.findall(r"^\| `([a-z-]+)` \|", _RATE_LIMITS, flags=re.MULTILINE)

    assert listed == [rule.name for rule in rules]
    assert f"1 to {MAX_RATE_LIMIT} calls" in _RATE_LIMITS
