"""Forecast revenue from open deals, using how past deals really went.

event:  {"today", "months", "stages", "closed", "open"}
result: {"months", "win_rate_by_stage", "cycle_days", "stale", "total"}

A deal counts with the share of past deals that were won after reaching its stage, and in the
month in which it will probably close, whatever the sales person typed.
"""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median, quantiles

EURO = Decimal("1")


def month_of(day):
    return day.strftime("%Y-%m")


def months_from(day, count):
    months = []
    year, month = day.year, day.month
    for step in range(count):
        months.append(f"{year}-{month:02d}")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months


def win_rates(closed, stages):
    # A deal that was lost in stage 3 had reached stages 1, 2 and 3: it counts in each of them.
    reached, won = Counter(), Counter()
    for deal in closed:
        is_won = deal["outcome"] == "won"
        last = len(stages) - 1 if is_won else stages.index(deal["last_stage"])
        for stage in stages[: last + 1]:
            reached[stage] += 1
            won[stage] += is_won

    # One imaginary win and one imaginary loss keep a young pipeline away from 0 % and 100 %.
    return {
        stage: (Decimal(won[stage] + 1) / (reached[stage] + 2)).quantize(Decimal("0.001"))
        for stage in stages
    }


def cycle_days(closed):
    days = [
        (date.fromisoformat(deal["closed_on"]) - date.fromisoformat(deal["opened_on"])).days
        for deal in closed
        if deal["outcome"] == "won"
    ]
    quarter, middle, three_quarters = quantiles(days, n=4)
    return {"median": median(days), "p25": quarter, "p75": three_quarters}


def handler(event, context):
    today = date.fromisoformat(event["today"])
    stages = event["stages"]
    rates = win_rates(event["closed"], stages)
    cycle = cycle_days(event["closed"])

    months = months_from(today, event["months"])
    weighted, best_case, deals = defaultdict(Decimal), defaultdict(Decimal), Counter()
    stale = []
    for deal in event["open"]:
        opened = date.fromisoformat(deal["opened_on"])
        # The planned date is a hope; history is a floor. Nothing closes in the past.
        planned = date.fromisoformat(deal["planned_on"])
        likely = max(planned, opened + timedelta(days=round(cycle["p25"])), today)
        amount = Decimal(deal["amount"])

        month = month_of(likely)
        deals[month] += 1
        best_case[month] += amount
        weighted[month] += amount * rates[deal["stage"]]

        quiet_days = (today - date.fromisoformat(deal["last_activity_on"])).days
        if quiet_days > cycle["median"] / 3:
            stale.append({"deal": deal["name"], "quiet_days": quiet_days, "amount": deal["amount"]})

    rows = [
        {
            "month": month,
            "deals": deals[month],
            "weighted": str(weighted[month].quantize(EURO, rounding=ROUND_HALF_UP)),
            "best_case": str(best_case[month].quantize(EURO, rounding=ROUND_HALF_UP)),
        }
        for month in months
    ]
    total = sum((weighted[month] for month in months), Decimal(0))
    return {
        "months": rows,
        "total": str(total.quantize(EURO, rounding=ROUND_HALF_UP)),
        "win_rate_by_stage": {stage: str(rate) for stage, rate in rates.items()},
        "cycle_days": cycle,
        "stale": sorted(stale, key=lambda row: -row["quiet_days"]),
    }
