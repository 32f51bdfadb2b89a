"""Send an incoming message to the right queue and person by rules.

event:  {"message": {...}, "rules": [...], "teams": {...}, "customers": {...}}
result: {"queue", "assignee", "priority", "tags", "due_at", "matched"}

A rule has a condition ("when") and what to do ("then"). Conditions nest: {"all": [...]},
{"any": [...]}, {"not": ...}, or one test {"field": "subject", "op": "contains", "value": "..."}.
Rules run in order; a rule with "stop": true ends the list.
"""

import hashlib
import re
from datetime import datetime, timedelta

PRIORITIES = ["low", "normal", "high", "urgent"]

ANSWER_WITHIN_MINUTES = {"low": 2880, "normal": 1440, "high": 240, "urgent": 30}


def as_text(value):
    return "" if value is None else str(value).casefold()


def contains(actual, value):
    return as_text(value) in as_text(actual)


def contains_word(actual, words):
    text = as_text(actual)
    return any(re.search(rf"\b{re.escape(word.casefold())}\b", text) for word in words)


def at_least(actual, value):
    return actual is not None and actual >= value


TESTS = {
    "is": lambda actual, value: as_text(actual) == as_text(value),
    "in": lambda actual, value: as_text(actual) in [as_text(one) for one in value],
    "contains": contains,
    "contains_word": contains_word,
    "ends_with": lambda actual, value: as_text(actual).endswith(as_text(value)),
    "at_least": at_least,
    "exists": lambda actual, value: (actual is not None) == value,
}


def holds(condition, facts):
    if "all" in condition:
        return all(holds(part, facts) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, facts) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], facts)
    test = TESTS[condition["op"]]
    return test(facts.get(condition["field"]), condition["value"])


def higher(one, other):
    return max(one, other, key=PRIORITIES.index)


def choose_person(team, sender):
    # The same sender always meets the same person, without any memory between calls.
    digest = hashlib.sha256(sender.casefold().encode()).hexdigest()
    return team[int(digest[:8], 16) % len(team)] if team else None


def handler(event, context):
    message = event["message"]
    domain = message["from"].rpartition("@")[2].casefold()
    customer = event["customers"].get(domain, {})

    # Rules see the message and what the CRM knows about the sender side by side.
    facts = {
        **message,
        "domain": domain,
        "plan": customer.get("plan"),
        "open_deals": customer.get("open_deals"),
        "is_customer": bool(customer),
    }

    route = {"queue": "inbox", "priority": "normal", "tags": [], "matched": []}
    for rule in event["rules"]:
        if not holds(rule["when"], facts):
            continue
        then = rule["then"]
        route["matched"].append(rule["name"])
        route["queue"] = then.get("queue", route["queue"])
        # Later rules may raise the priority but never lower it.
        route["priority"] = higher(route["priority"], then.get("priority", "low"))
        for tag in then.get("tags", []):
            if tag not in route["tags"]:
                route["tags"].append(tag)
        if rule.get("stop"):
            break

    owner = customer.get("owner")
    team = event["teams"].get(route["queue"], [])
    route["assignee"] = owner if owner in team else choose_person(team, message["from"])

    received = datetime.fromisoformat(message["received_at"])
    due = received + timedelta(minutes=ANSWER_WITHIN_MINUTES[route["priority"]])
    route["due_at"] = due.isoformat()
    return route
