"""Read the sender's contact details from the signature of an e-mail.

event:  {"from": "Name <address>", "text": "the plain-text body"}
result: {"name", "title", "company", "emails", "phones", "links", "address", "signature"}

Works on mail in English, German and French; what it cannot tell stays null.
"""

import re
from email.utils import parseaddr

# A reply carries older mail below; those signatures belong to somebody else.
QUOTE_STARTS = re.compile(
    r"^(>|On .+ wrote:$|Am .+ schrieb .+:$|Le .+ a écrit\s?:$|-{3,} ?(Original|Forwarded))"
)

CLOSINGS = re.compile(
    r"^(best|best regards|kind regards|regards|cheers|thanks|thank you|many thanks|sincerely"
    r"|viele grüße|mit freundlichen grüßen|beste grüße|lg|cordialement|bien à vous)[,.!]?$",
    re.IGNORECASE,
)

TITLE_WORDS = re.compile(
    r"\b(manager|director|head|lead|engineer|consultant|sales|marketing|officer|founder|owner"
    r"|ceo|cto|cfo|coo|vp|president|leiter(in)?|geschäftsführer(in)?|directeur|directrice"
    r"|responsable|assistant|analyst|partner)\b",
    re.IGNORECASE,
)

COMPANY_WORDS = re.compile(
    r"\b(GmbH|AG|KG|SE|Ltd|Limited|Inc|LLC|SAS|SARL|SA|BV|AB|AS|Oy|Group|Holding)\b\.?"
)

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(r"(?:https?://|www\.)[^\s|<>]+|\blinkedin\.com/in/[\w-]+", re.IGNORECASE)
PHONE = re.compile(
    r"(?:(?P<label>[A-Za-zÀ-ž]+)\.?:?\s*)?(?P<number>\+?\(?\d[\d\s()./-]{6,}\d)"
)
POSTCODE = re.compile(r"\b(\d{4,5}|[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2})\b")
HOUSE_NUMBER = re.compile(r"^\d{1,4}[a-z]?,? [^\W\d]|[^\W\d] \d{1,4}[a-z]?$")

PHONE_KINDS = {
    "m": "mobile", "mob": "mobile", "mobile": "mobile", "mobil": "mobile", "cell": "mobile",
    "f": "fax", "fax": "fax",
}


def own_lines(text):
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if QUOTE_STARTS.match(line):
            break
        lines.append(line.rstrip())
    while lines and not lines[-1]:
        lines.pop()
    return lines


def find_signature(lines):
    # "-- " is the standard mark; people more often just write a closing phrase.
    for index, line in enumerate(lines):
        if line in ("--", "-- "):
            return lines[index + 1:]
    for index in range(len(lines) - 1, -1, -1):
        if CLOSINGS.match(lines[index].strip()):
            return lines[index + 1:]
    return lines[-6:]


def read_phones(line):
    phones = []
    for match in PHONE.finditer(line):
        number = match["number"]
        digits = re.sub(r"\D", "", number.replace("(0)", ""))
        if not 7 <= len(digits) <= 15:
            continue
        label = (match["label"] or "").lower()
        phones.append({
            "kind": PHONE_KINDS.get(label, "work"),
            "number": ("+" if number.startswith("+") else "") + digits,
        })
    return phones


def handler(event, context):
    sender_name, sender_email = parseaddr(event["from"])
    signature = [line.strip() for line in find_signature(own_lines(event["text"]))]
    signature = [line for line in signature if line]

    found = {"name": None, "title": None, "company": None}
    emails, phones, links, address = [], [], [], []

    for line in signature:
        rest = line
        for email in EMAIL.findall(line):
            emails.append(email.lower())
            rest = rest.replace(email, "")
        for link in LINK.findall(rest):
            links.append(link.rstrip(".,;"))
            rest = rest.replace(link, "")
        line_phones = read_phones(rest)
        if line_phones:
            phones.extend(line_phones)
            continue

        # One line often holds several facts: "Head of Sales | Example GmbH".
        for part in re.split(r"\s+[|·•–]\s+|\s*\|\s*", rest):
            part = part.strip(" ,;|·•")
            part = re.sub(r"^(e-?mail|mail|web|e|w|linkedin)\s*:?$", "", part, flags=re.IGNORECASE)
            if not part:
                continue
            if POSTCODE.search(part) or HOUSE_NUMBER.search(part):
                address.append(part)
            elif found["company"] is None and COMPANY_WORDS.search(part):
                found["company"] = part
            elif found["title"] is None and TITLE_WORDS.search(part):
                found["title"] = part
            elif found["name"] is None and part.replace(" ", "").replace("-", "").isalpha():
                found["name"] = part

    # The From header is less formal than a signature but better than nothing.
    name = found["name"] or sender_name or None
    if sender_email.lower() not in emails:
        emails.insert(0, sender_email.lower())

    return {
        "name": name,
        "title": found["title"],
        "company": found["company"],
        "emails": emails,
        "phones": phones,
        "links": links,
        "address": address,
        "signature": "\n".join(signature),
    }
