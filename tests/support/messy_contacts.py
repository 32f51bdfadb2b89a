"""Writes CSV exports of contacts as messy as real ones, the same for the same seed."""

import csv
import io
import random
import unicodedata
from dataclasses import dataclass

_FIRST = [
    "Anneliese",
    "Björn",
    "Zoë",
    "François",
    "Siân",
    "Łukasz",
    "José",
    "Mária",
    "Søren",
    "Jürgen",
    "Chloé",
    "Olu",
    "Noor",
    "Mira",
    "Tom",
    "Ingrid",
    "Håkon",
    "Ayşe",
    "Dvořák",
    "Giulia",
    "Nils",
    "Petra",
    "Rosa",
    "Quentin",
    "Yuki",
    "Omar",
    "Léa",
    "Marit",
    "Jean-Luc",
    "Özge",
]
_LAST = [
    "Weiß",
    "Müller",
    "Sørensen",
    "Dubois",
    "Nowak",
    "García",
    "O'Neill",
    "McDonald",
    "Brückner",
    "Lindström",
    "Çelik",
    "Novák",
    "Rossi",
    "Schmidt",
    "Straßer",
    "Peña",
    "Åkesson",
    "Lefèvre",
    "Kowalczyk",
    "Jansen",
    "Bauer",
    "Öztürk",
    "Moreau",
    "Keller",
    "Fuchs",
    "Meyer-Lüdenscheid",
    "Bąk",
    "Hansen",
    "Vogt",
    "Ferreira",
]
_PARTICLES = ("", "", "", "", "", "", "van der ", "von ", "de la ")
_COMPANIES = (
    "Fjord Logistikk AS",
    "Brückner Antriebstechnik GmbH",
    "Atelier Moreau SAS",
    "Northwind Clinics Ltd.",
    "Bäckerei Vogt",
    "Tailspin Toys Inc.",
    "Café Zoë",
    "Nordlicht Energie AG",
    "Panadería Peña SL",
    "Litware",
    "Proseware BV",
    "Contoso Bikes Oy",
)
_HEADER = ("First Name", "Last name", "E-Mail", "Phone number", "Company", "Notes")
_LETTERS = str.maketrans("ßøłąćęńśźżıđ", "solacenszzid")


@dataclass(frozen=True, slots=True)
class _Person:
    first: str
    last: str
    email: str
    phone: str
    company: str


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "".join(char for char in plain if char.isascii() and char.isalnum())


def _person(chance: random.Random, number: int) -> _Person:
    first = chance.choice(_FIRST)
    last = chance.choice(_PARTICLES) + chance.choice(_LAST)
    company = chance.choice(_COMPANIES)
    email = f"{_ascii(first)[0]}.{_ascii(last)}{number}@{_ascii(company)[:9]}.example"
    phone = f"1{chance.choice('567')}{chance.randrange(10)}{number + 2_000_000:07d}"
    return _Person(first, last, email, phone, company)


def _spell_name(chance: random.Random, name: str) -> str:
    return chance.choice(
        [
            name,
            name,
            name.upper().replace("SS", "ß") if "ß" in name else name.upper(),
            name.lower(),
            f" {name} ",
            name.replace(" ", "  "),
            unicodedata.normalize("NFD", name),
        ]
    )


def _spell_email(chance: random.Random, email: str) -> str:
    local, _, domain = email.partition("@")
    return chance.choice(
        [
            email,
            email,
            email,
            email.upper(),
            f"mailto:{email}",
            f"<{email}>",
            f"{local.title()}@{domain}",
            f"{local}+crm@{domain}",
            f"{email};",
            f" {email} ",
        ]
    )


def _spell_phone(chance: random.Random, phone: str) -> str:
    head, tail = phone[:3], phone[3:]
    return chance.choice(
        [
            f"+49{phone}",
            f"+49 {head} {tail}",
            f"0{head}/{tail}",
            f"0049 {head} {tail[:3]} {tail[3:]}",
            f"+49 (0){head} {tail[:4]}-{tail[4:]}",
            f"0{phone}",
        ]
    )


def _row(chance: random.Random, person: _Person) -> list[str]:
    has_email = chance.random() < 0.9
    has_phone = not has_email or chance.random() < 0.45
    return [
        _spell_name(chance, person.first),
        _spell_name(chance, person.last),
        _spell_email(chance, person.email) if has_email else chance.choice(["", "n/a", "-"]),
        _spell_phone(chance, person.phone) if has_phone else "",
        person.company if chance.random() < 0.7 else "",
        chance.choice(["", "", "", "", "met at fair", "VIP; call first", 'says "later"', "a\nb"]),
    ]


def messy_contacts(*, people: int, rows: int, seed: int) -> str:
    """Return a CSV text of about `rows` rows that speak of at most `people` people."""
    chance = random.Random(seed)  # noqa: S311 - the same mess each time is the point.
    crowd = [_person(chance, number) for number in range(people)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEADER)
    for _ in range(rows):
        draw = chance.random()
        if draw < 0.01:
            writer.writerow(["", "Sales team", "see website", "ext. 12", "", ""])
        elif draw < 0.015:
            writer.writerow([""] * len(_HEADER))
        else:
            writer.writerow(_row(chance, chance.choice(crowd)))
    return text.getvalue()
