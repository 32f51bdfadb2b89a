"""How much may be asked of Google: for one account, and for all accounts of our project.

Gmail counts units by method, those of projects made since May 2026: 6,000 a minute for an account
and 1,200,000 for the project; older projects have 15,000 for an account. Calendar counts requests:
600 and 10,000 a minute. A batch of fifty threads is taken at once and costs 2,000 units, so no
burst of Gmail is below that.
"""

from jobs.providers.quota import QuotaRules, within
from sanderling.metering.ports import Rule

_MINUTE_S = 60.0
_LARGEST_BATCH = 2_000


def gmail_rules(units_per_min: int) -> QuotaRules:
    """Return the rules for an account's mail, of which each account may spend `units_per_min`."""
    burst = max(units_per_min // 3, _LARGEST_BATCH)

    def rules(account_id: str) -> tuple[Rule, ...]:
        return (
            within(
                "gmail-account", account_id, limit=units_per_min, window_s=_MINUTE_S, burst=burst
            ),
            within("gmail-project", "project", limit=1_200_000, window_s=_MINUTE_S, burst=200_000),
        )

    return rules


def calendar_rules(requests_per_min: int) -> QuotaRules:
    """Return the rules for an account's calendar, each of which gets `requests_per_min`."""

    def rules(account_id: str) -> tuple[Rule, ...]:
        return (
            within(
                "google-calendar-account",
                account_id,
                limit=requests_per_min,
                window_s=_MINUTE_S,
                burst=requests_per_min // 6,
            ),
            within(
                "google-calendar-project",
                "project",
                limit=10_000,
                window_s=_MINUTE_S,
                burst=1_000,
            ),
        )

    return rules
