"""How much may be asked of Graph: 10,000 requests in ten minutes for one app and mailbox.

Mail and calendar are counted together. That at most four requests run at once is kept by asking
for one account's things one after the other: Graph itself runs four parts of a batch at once.
"""

from jobs.providers.quota import QuotaRules, within
from sanderling.metering.ports import Rule

_TEN_MINUTES_S = 600.0


def graph_rules(requests_per_10_min: int) -> QuotaRules:
    """Return the rules for an account, each of which gets `requests_per_10_min`."""
    burst = requests_per_10_min // 10

    def rules(account_id: str) -> tuple[Rule, ...]:
        return (
            within(
                "graph-mailbox",
                account_id,
                limit=requests_per_10_min,
                window_s=_TEN_MINUTES_S,
                burst=burst,
            ),
        )

    return rules
