"""Answer a Slack slash command at an HTTP route, after checking that Slack sent it.

event:  the whole request, with `x-slack-signature` and `x-slack-request-timestamp` forwarded
result: {"statusCode", "headers", "body"}, which is the response

The trigger is public and made with `--reply response`; the signature is what lets Slack in.
"""

import hashlib
import hmac

SECRET = "demo-signing-secret-not-a-real-one"

TEAMS = {"emea": "Ines", "amer": "Ray", "apac": "Mei"}


def is_from_slack(event):
    headers = event["headers"]
    stamp = headers.get("x-slack-request-timestamp", "")
    given = headers.get("x-slack-signature", "")
    # The signature is over the body as it came, not over what was read from it.
    message = f"v0:{stamp}:{event['rawBody']}"
    expected = "v0=" + hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, given)


def handler(event, context):
    if not is_from_slack(event):
        return {"statusCode": 401, "body": "not signed by Slack"}

    form = event["body"]
    region = form["text"].strip().lower()
    if region not in TEAMS:
        known = ", ".join(sorted(TEAMS))
        return {"statusCode": 200, "body": {"text": f"Which region? I know {known}."}}

    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": {
            "response_type": "in_channel",
            "text": f"{TEAMS[region]} is on call for {region.upper()}, {form['user_name']}.",
        },
    }
