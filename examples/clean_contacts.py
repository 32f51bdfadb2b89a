"""Normalise the contacts of a CSV export and merge those who are the same person.

event:  {"csv": the file's text, "country_code": "49"}
result: {"contacts", "rejected", "counts"}

Two rows are one person when they share an e-mail address, a phone number, or both the name
and the company. That is transitive: A and C may be one person only because of B.
"""

import csv
import re
import unicodedata
from collections import Counter

# What people call a column, lower-cased and without punctuation, and what we call it.
COLUMNS = {
    "first name": "first", "firstname": "first", "vorname": "first",
    "last name": "last", "lastname": "last", "surname": "last", "nachname": "last",
    "e mail": "email", "email": "email", "email address": "email", "mail": "email",
    "phone": "phone", "phone number": "phone", "tel": "phone", "telefon": "phone",
    "company": "company", "organisation": "company", "organization": "company", "firma": "company",
}

EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")
SPACES = re.compile(r"\s+")
NOT_DIGITS = re.compile(r"\D+")
LEGAL_FORM = re.compile(r"\b(gmbh|ag|kg|ug|se|ltd|limited|inc|llc|sas|sarl|sa|bv|ab|as|oy)\b")
PARTICLES = {"von", "van", "der", "den", "de", "del", "di", "la", "zu"}

# These letters have no accent to strip, so Unicode does not decompose them.
NO_DECOMPOSITION = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "đ": "d", "ı": "i"})


def fold(text):
    """Return what is left to compare: no case, no accents, no punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(NO_DECOMPOSITION))
    kept = "".join(char for char in decomposed if char.isalnum() or char == " ")
    return " ".join(kept.split())


def tidy(text):
    # NFC makes "é" one character, whichever of its two spellings the export used.
    return SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip(" ,;\"'\u200b\ufeff")


def tidy_name(text):
    name = tidy(text)
    # Only shouting and whispering is corrected: "McDonald" knows better than we do.
    if not (name.isupper() or name.islower()):
        return name
    words = name.lower().split(" ")
    return " ".join(
        word if word in PARTICLES else "-".join(part.capitalize() for part in word.split("-"))
        for word in words
    )


def tidy_email(text):
    email = text.strip().lower().removeprefix("mailto:")
    if "<" in email:
        email = email.partition("<")[2].partition(">")[0]
    email = email.strip(" .;,")
    return email if EMAIL.fullmatch(email) else ""


def tidy_phone(text, country_code):
    number = text.strip().replace("(0)", "")
    digits = NOT_DIGITS.sub("", number)
    if number.startswith("+"):
        pass
    elif digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        digits = country_code + digits[1:]
    else:
        return ""
    return "+" + digits if 8 <= len(digits) <= 15 else ""


def read_rows(text, country_code):
    # Spreadsheets in countries with a decimal comma separate columns by semicolon.
    header_line = text.partition("\n")[0]
    delimiter = ";" if header_line.count(";") > header_line.count(",") else ","
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)

    columns = [COLUMNS.get(fold(name.replace("-", " ")), "") for name in next(reader)]
    rows, rejected = [], []
    for number, cells in enumerate(reader, start=2):
        raw = dict(zip(columns, cells))
        row = {
            "first": tidy_name(raw.get("first", "")),
            "last": tidy_name(raw.get("last", "")),
            "email": tidy_email(raw.get("email", "")),
            "phone": tidy_phone(raw.get("phone", ""), country_code),
            "company": tidy(raw.get("company", "")),
        }
        if row["email"] or row["phone"]:
            rows.append(row)
        elif any(cell.strip() for cell in cells):
            rejected.append({"row": number, "why": "neither e-mail nor phone can be read"})
    return rows, rejected


def identities(row):
    """Yield everything by which this person may be recognised."""
    if row["email"]:
        local, at, domain = row["email"].partition("@")
        # jane+crm@ reaches the mailbox of jane@.
        yield "email:" + local.partition("+")[0] + at + domain
    if row["phone"]:
        yield "phone:" + row["phone"]
    if row["first"] and row["last"] and row["company"]:
        company = LEGAL_FORM.sub("", fold(row["company"])).strip()
        yield f"name:{fold(row['first'])}:{fold(row['last'])}:{company}"


def group_rows(rows):
    """Put rows that share any identity into one group (union-find)."""
    parent = list(range(len(rows)))

    def root(index):
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen = {}
    for index, row in enumerate(rows):
        for identity in identities(row):
            if identity in seen:
                parent[root(index)] = root(seen[identity])
            else:
                seen[identity] = index

    groups = {}
    for index in range(len(rows)):
        groups.setdefault(root(index), []).append(rows[index])
    return list(groups.values())


def merge(group):
    """Return one contact: what most rows say wins, field by field."""
    contact = {}
    for field in ("first", "last", "email", "phone", "company"):
        spellings = Counter(row[field] for row in group if row[field])
        if not spellings:
            continue
        # Among equals a longer name says more, while a longer address only has a +tag.
        sign = -1 if field == "email" else 1
        contact[field] = max(
            spellings, key=lambda text: (spellings[text], sign * len(text), text)
        )
    return contact


def handler(event, context):
    rows, rejected = read_rows(event["csv"], event["country_code"])
    groups = group_rows(rows)
    contacts = [merge(group) for group in groups]
    contacts.sort(key=lambda one: (fold(one.get("last", "")), fold(one.get("first", "")),
                                   one.get("email", ""), one.get("phone", "")))

    merged = sum(len(group) - 1 for group in groups)
    print(f"{len(rows)} rows read, {merged} merged, {len(rejected)} rejected")
    return {
        "contacts": contacts,
        "rejected": rejected,
        "counts": {
            "rows": len(rows) + len(rejected),
            "contacts": len(contacts),
            "merged": merged,
            "rejected": len(rejected),
            "largest_group": max((len(group) for group in groups), default=0),
        },
    }
