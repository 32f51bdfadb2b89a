"""Turn a Typeform answer into a lead.

event:  {"webhook": the body as Typeform sends it, "fields": {"field ref": "lead field"}}
result: {"lead", "consent", "unmapped", "missing"}

Answers are found by `ref`, which stays the same when somebody rewords a question.
"""

from urllib.parse import urlsplit

REQUIRED = ["email", "last_name"]


def value_of(answer):
    """Return the plain value, whichever of Typeform's answer types this is."""
    kind = answer["type"]
    if kind == "choice":
        return answer["choice"].get("label") or answer["choice"].get("other")
    if kind == "choices":
        chosen = answer["choices"]
        return chosen.get("labels", []) + ([chosen["other"]] if chosen.get("other") else [])
    if kind == "phone_number":
        return answer["phone_number"].replace(" ", "")
    if kind == "email":
        return answer["email"].strip().lower()
    return answer[kind]


def split_name(full):
    # Particles belong to the last name: "Ludwig van der Berg" is Ludwig / van der Berg.
    words = full.split()
    for index, word in enumerate(words[1:], start=1):
        if word.islower():
            return " ".join(words[:index]), " ".join(words[index:])
    return " ".join(words[:-1]), words[-1] if words else ""


def handler(event, context):
    response = event["webhook"]["form_response"]
    titles = {field["ref"]: field["title"] for field in response["definition"]["fields"]}
    targets = event["fields"]

    lead, unmapped = {}, []
    for answer in response["answers"]:
        ref = answer["field"]["ref"]
        if ref in targets:
            lead[targets[ref]] = value_of(answer)
        else:
            unmapped.append({"question": titles.get(ref, ref), "answer": value_of(answer)})

    if "full_name" in lead:
        lead["first_name"], lead["last_name"] = split_name(lead.pop("full_name"))
    if lead.get("website"):
        host = urlsplit(lead["website"]).hostname or ""
        lead["domain"] = host.removeprefix("www.")

    # Hidden fields carry the campaign; Typeform sends the empty ones too.
    hidden = {name: value for name, value in response.get("hidden", {}).items() if value}
    lead["campaign"] = {
        name.removeprefix("utm_"): value
        for name, value in hidden.items()
        if name.startswith("utm_")
    }
    lead["source"] = f"typeform:{response['form_id']}"
    lead["submitted_at"] = response["submitted_at"]

    consent = lead.pop("consent", False) is True
    missing = [name for name in REQUIRED if not lead.get(name)]
    return {"lead": lead, "consent": consent, "unmapped": unmapped, "missing": missing}
