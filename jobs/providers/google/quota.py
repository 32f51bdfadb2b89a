"""How much may be asked of Google: for one account, and for all accounts of our project.

Gmail counts units by method, those of projects made since May 2026: 6,000 a minute for an account
and 1,200,000 for the project. Calendar counts requests: 600 and 10,000 a minute. A batch of fifty
threads is taken at once and costs 2,000 units, so no burst of Gmail is below that.
"""

from jobs.providers.quota import within
from sanderling.metering.ports import Rule

_MINUTE_S = 60.0


def gmail_rules(account_id: str) -> tuple[Rule, ...]:
    """Return the rules that a request for an account's mail is counted by."""
    return (
        within("gmail-account", account_id, limit=6_000, window_s=_MINUTE_S, burst=2_000),
        within("gmail-project", "project", limit=1_200_000, window_s=_MINUTE_S, burst=200_000),
    )


def calendar_rules(account_id: str) -> tuple[Rule, ...]:
    """Return the rules that a request for an account's calendar is counted by."""
    return (
        within("google-calendar-account", account_id, limit=600, window_s=_MINUTE_S, burst=100),
        within("google-calendar-project", "project", limit=10_000, window_s=_MINUTE_S, burst=1_000),
    )
