"""Check that a webhook comes from who it claims, before anything else looks at it.

event:  {"headers", "body", "secret", "now", "tolerance_s"}
result: {"is_valid", "scheme", "reason", "age_s"}

Knows the three common ways to sign: Stripe's, GitHub's and Slack's. `body` is the text exactly
as it came: parsing and printing JSON again changes the bytes and breaks the signature.
"""

import hashlib
import hmac


def sign(secret, message):
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def read_stripe(headers, body):
    # Stripe-Signature: t=1700000000,v1=5257a8…,v1=older…; two v1 while a secret is rotated.
    fields = [part.partition("=") for part in headers["stripe-signature"].split(",")]
    stamp = next(value for name, equals, value in fields if name.strip() == "t")
    given = [value for name, equals, value in fields if name.strip() == "v1"]
    return int(stamp), f"{stamp}.{body}", given


def read_github(headers, body):
    # X-Hub-Signature-256: sha256=…; GitHub signs no time, so replays cannot be told.
    return None, body, [headers["x-hub-signature-256"].removeprefix("sha256=")]


def read_slack(headers, body):
    stamp = headers["x-slack-request-timestamp"]
    given = [headers["x-slack-signature"].removeprefix("v0=")]
    return int(stamp), f"v0:{stamp}:{body}", given


SCHEMES = {
    "stripe-signature": ("stripe", read_stripe),
    "x-hub-signature-256": ("github", read_github),
    "x-slack-signature": ("slack", read_slack),
}


def handler(event, context):
    # Header names come in any case, depending on the proxy in front.
    headers = {name.lower(): value for name, value in event["headers"].items()}
    for header, (scheme, read) in SCHEMES.items():
        if header in headers:
            break
    else:
        return {"is_valid": False, "scheme": None, "reason": "not signed", "age_s": None}

    try:
        stamp, message, given = read(headers, event["body"])
    except (ValueError, KeyError, StopIteration):
        return {"is_valid": False, "scheme": scheme, "reason": "malformed", "age_s": None}

    age_s = None if stamp is None else event["now"] - stamp
    expected = sign(event["secret"], message)

    # compare_digest takes the same time wherever the first difference is; == would tell an
    # attacker, by its timing, how much of a guess was right.
    matches = [hmac.compare_digest(expected, one) for one in given]

    if not any(matches):
        reason = "wrong signature"
    elif age_s is not None and abs(age_s) > event["tolerance_s"]:
        reason = "too old"
    else:
        reason = None
    return {"is_valid": reason is None, "scheme": scheme, "reason": reason, "age_s": age_s}
