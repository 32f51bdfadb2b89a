"""Find out which marketing channel brought a customer, from the pages they landed on.

event:  {"own_domains": [...], "visits": [{"at", "url", "referrer"}, ...]}
result: {"first_touch", "last_touch", "credit", "touches"}

Credit is shared by position: 40 % to the first touch, 40 % to the last, the rest in between.
"""

from decimal import ROUND_DOWN, Decimal
from urllib.parse import parse_qs, urlsplit

SEARCH_ENGINES = {"google": "Google", "bing": "Bing", "duckduckgo": "DuckDuckGo", "ecosia": "Ecosia"}

SOCIAL = {
    "linkedin.com": "LinkedIn", "lnkd.in": "LinkedIn", "facebook.com": "Facebook",
    "t.co": "X", "x.com": "X", "youtube.com": "YouTube", "reddit.com": "Reddit",
}

# An ad platform marks its clicks even when nobody set campaign parameters.
CLICK_IDS = {"gclid": "Google Ads", "msclkid": "Microsoft Ads", "fbclid": "Meta"}


def belongs_to(host, domain):
    return host == domain or host.endswith("." + domain)


def classify(visit, own_domains):
    query = parse_qs(urlsplit(visit["url"]).query)
    referrer = (urlsplit(visit.get("referrer") or "").hostname or "").lower()

    def first(name):
        return query.get(name, [""])[0].strip().lower()

    # Explicit parameters win over guesses from the referrer.
    if first("utm_source"):
        medium = first("utm_medium")
        channel = {"cpc": "paid search", "ppc": "paid search", "email": "e-mail",
                   "social": "social", "referral": "referral"}.get(medium, medium or "other")
        return channel, first("utm_source"), first("utm_campaign") or None
    for parameter, platform in CLICK_IDS.items():
        if first(parameter):
            return "paid search" if "Ads" in platform else "paid social", platform, None

    if not referrer:
        return "direct", None, None
    if any(belongs_to(referrer, domain) for domain in own_domains):
        return None
    for domain, name in SOCIAL.items():
        if belongs_to(referrer, domain):
            return "social", name, None
    for word, name in SEARCH_ENGINES.items():
        if word in referrer.split("."):
            return "organic search", name, None
    return "referral", referrer.removeprefix("www."), None


def share_credit(touches):
    # A direct visit says only that they knew the address by then; somebody else earned that.
    earning = [touch for touch in touches if touch["channel"] != "direct"] or touches
    between = len(earning) - 2
    if between > 0:
        middle = (Decimal(20) / between).quantize(Decimal("0.1"), rounding=ROUND_DOWN)
        percents = [Decimal(40)] + [middle] * between
    else:
        percents = [Decimal(50)] * (len(earning) - 1)
    # The last touch takes what rounding left, so that credit is always 100 % in all.
    percents.append(100 - sum(percents))

    credit = {}
    for touch, percent in zip(earning, percents):
        credit[touch["channel"]] = credit.get(touch["channel"], Decimal(0)) + percent
    return {
        channel: f"{percent:.1f}"
        for channel, percent in sorted(credit.items(), key=lambda item: (-item[1], item[0]))
    }


def handler(event, context):
    touches = []
    for visit in sorted(event["visits"], key=lambda visit: visit["at"]):
        found = classify(visit, event["own_domains"])
        if found is None:
            continue
        channel, source, campaign = found
        parts = urlsplit(visit["url"])
        touches.append({
            "at": visit["at"],
            "channel": channel,
            "source": source,
            "campaign": campaign,
            "page": parts.path or "/",
        })

    if not touches:
        return {"first_touch": None, "last_touch": None, "credit": {}, "touches": []}
    return {
        "first_touch": touches[0]["channel"],
        "last_touch": touches[-1]["channel"],
        "credit": share_credit(touches),
        "touches": touches,
    }
