"""Score a lead from 0 to 100 and say why.

event:  {"lead": {...}, "activity": [{"kind": "...", "at": "ISO time"}, ...], "now": "ISO time"}
result: {"score", "grade", "fit", "engagement", "reasons", "next_step"}

Fit says who they are, engagement says what they did lately; each gives at most 50 points.
"""

from datetime import datetime

SENIORITY = [
    # The first word found in the job title decides, so the order matters.
    ("chief", 15), ("ceo", 15), ("cto", 15), ("founder", 15), ("owner", 15),
    ("vp", 12), ("vice president", 12), ("head", 12), ("director", 10),
    ("manager", 6), ("lead", 6), ("intern", -5), ("student", -10),
]

COMPANY_SIZE = [(1000, 10), (200, 15), (50, 12), (10, 6), (1, 2)]

INDUSTRIES = {"software": 10, "professional services": 8, "manufacturing": 6, "retail": 4}

ACTIVITY = {
    "demo_requested": 25, "pricing_viewed": 10, "webinar_attended": 8, "email_replied": 12,
    "email_clicked": 3, "email_opened": 1, "page_viewed": 1, "unsubscribed": -20,
}

FREE_MAIL = {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "gmx.de", "web.de"}

HALF_LIFE_DAYS = 14


def score_fit(lead):
    reasons = []

    title = lead.get("job_title", "").lower()
    for word, points in SENIORITY:
        if word in title:
            reasons.append({"why": f"job title has '{word}'", "points": points})
            break

    employees = lead.get("employees") or 0
    for at_least, points in COMPANY_SIZE:
        if employees >= at_least:
            reasons.append({"why": f"{employees} employees", "points": points})
            break

    industry = lead.get("industry", "").lower()
    if industry in INDUSTRIES:
        reasons.append({"why": f"industry {industry}", "points": INDUSTRIES[industry]})

    domain = lead.get("email", "").rpartition("@")[2].lower()
    if domain in FREE_MAIL:
        reasons.append({"why": f"free mailbox at {domain}", "points": -8})
    elif domain and domain in lead.get("website", "").lower():
        reasons.append({"why": "mail domain matches the website", "points": 10})

    return reasons


def score_engagement(activity, now):
    # An action counts half as much every two weeks: a silent lead cools down by itself.
    points_by_kind = {}
    for action in activity:
        age_days = (now - datetime.fromisoformat(action["at"])).total_seconds() / 86400
        if age_days < 0 or action["kind"] not in ACTIVITY:
            continue
        weight = 0.5 ** (age_days / HALF_LIFE_DAYS)
        kind = action["kind"]
        points_by_kind[kind] = points_by_kind.get(kind, 0) + ACTIVITY[kind] * weight

    return [
        {"why": kind.replace("_", " "), "points": round(points, 1)}
        for kind, points in sorted(points_by_kind.items(), key=lambda item: -abs(item[1]))
    ]


def handler(event, context):
    now = datetime.fromisoformat(event["now"])
    fit_reasons = score_fit(event["lead"])
    engagement_reasons = score_engagement(event.get("activity", []), now)

    fit = max(0, min(50, sum(reason["points"] for reason in fit_reasons)))
    engagement = max(0, min(50, round(sum(reason["points"] for reason in engagement_reasons))))
    score = fit + engagement

    grade = "A" if score >= 75 else "B" if score >= 50 else "C" if score >= 25 else "D"
    next_step = {
        "A": "call today",
        "B": "personal e-mail this week",
        "C": "add to nurture sequence",
        "D": "no action",
    }[grade]

    print(f"fit {fit}, engagement {engagement}, grade {grade}")
    return {
        "score": score,
        "grade": grade,
        "fit": fit,
        "engagement": engagement,
        "reasons": fit_reasons + engagement_reasons,
        "next_step": next_step,
    }
