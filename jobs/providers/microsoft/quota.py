"""How much may be asked of Graph: 10,000 requests in ten minutes for one app and mailbox.

Mail and calendar are counted together. That at most four requests run at once is kept by asking
for one account's things one after the other: Graph itself runs four parts of a batch at once.
"""

from jobs.providers.quota import within
from sanderling.metering.ports import Rule


def graph_rules(account_id: str) -> tuple[Rule, ...]:
    """Return the rules that a request for an account is counted by."""
    return (within("graph-mailbox", account_id, limit=10_000, window_s=600.0, burst=1_000),)
