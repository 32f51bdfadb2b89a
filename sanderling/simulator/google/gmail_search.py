"""What people type into Gmail's search field: the words of it that programs use."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sanderling.simulator.core.mail import Correspondent, Mail
from sanderling.simulator.google.gmail_ids import labels_of

Test = Callable[[Mail], bool]
_WORD = re.compile(r'-?(?:\w+:)?(?:"[^"]*"|\S+)')
_SPANS = {"d": 1, "m": 30, "y": 365}
_PLACES = {"sent": "SENT", "drafts": "DRAFT", "draft": "DRAFT"}


class SearchRefused(ValueError):
    """A word of the search is not understood."""


def search(query: str, *, now: datetime) -> Test:
    """Return the test that a message passes which was searched for.

    Raises:
        SearchRefused: an operator is not known, so that nothing is found by accident.

    """
    tests = [_term(word, now) for word in _WORD.findall(query)]
    return lambda mail: all(test(mail) for test in tests)


def names_spam_or_trash(query: str) -> bool:
    """Claim that a search looks where lists do not look by themselves."""
    return bool(re.search(r"(?<!-)\b(in|label|is):(anywhere|spam|trash)\b", query.lower()))


def _term(word: str, now: datetime) -> Test:
    if word.startswith("-"):
        unwanted = _term(word[1:], now)
        return lambda mail: not unwanted(mail)
    operator, colon, value = word.partition(":")
    value = value.strip('"')
    if not colon:
        text = word.strip('"').lower()
        return lambda mail: text in mail.letter.subject.lower() or text in mail.letter.text.lower()
    operator = operator.lower()
    if operator in _OPERATORS:
        return _OPERATORS[operator](value)
    if operator in {"older_than", "newer_than"}:
        return _aged(operator, value, now)
    raise SearchRefused(word)


def _labelled(value: str) -> Test:
    wanted = _PLACES.get(value.lower(), value.upper())
    if wanted == "ANYWHERE":
        return lambda _: True
    return lambda mail: wanted in {label.upper() for label in labels_of(mail)}


def _being(value: str) -> Test:
    if value == "read":
        return lambda mail: mail.is_read
    return _labelled(value)


def _having(value: str) -> Test:
    if value != "attachment":
        raise SearchRefused(f"has:{value}")
    return lambda mail: bool(mail.letter.files)


def _from(value: str) -> Test:
    return lambda mail: _is_about(mail.letter.sender, value)


def _to(value: str) -> Test:
    return lambda mail: any(
        _is_about(who, value) for who in (*mail.letter.to, *mail.letter.cc, *mail.letter.bcc)
    )


def _is_about(who: Correspondent, value: str) -> bool:
    return value.lower() in f"{who.name} <{who.email}>".lower()


def _subject(value: str) -> Test:
    return lambda mail: value.lower() in mail.letter.subject.lower()


def _rfc822(value: str) -> Test:
    return lambda mail: mail.letter.rfc_message_id.strip("<>") == value.strip("<>")


def _after(value: str) -> Test:
    moment = _moment(value)
    return lambda mail: mail.letter.sent_at >= moment


def _before(value: str) -> Test:
    moment = _moment(value)
    return lambda mail: mail.letter.sent_at < moment


def _aged(operator: str, value: str, now: datetime) -> Test:
    match = re.fullmatch(r"(\d+)([dmy])", value)
    if match is None:
        raise SearchRefused(f"{operator}:{value}")
    moment = now - timedelta(days=int(match[1]) * _SPANS[match[2]])
    if operator == "older_than":
        return lambda mail: mail.letter.sent_at < moment
    return lambda mail: mail.letter.sent_at >= moment


def _moment(value: str) -> datetime:
    if value.isdigit():
        return datetime.fromtimestamp(int(value), UTC)
    try:
        year, month, day = (int(part) for part in re.split("[/-]", value))
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError as error:
        raise SearchRefused(value) from error


_OPERATORS: dict[str, Callable[[str], Test]] = {
    "in": _labelled,
    "label": _labelled,
    "is": _being,
    "category": lambda value: _labelled(f"CATEGORY_{value}"),
    "has": _having,
    "from": _from,
    "to": _to,
    "subject": _subject,
    "rfc822msgid": _rfc822,
    "after": _after,
    "before": _before,
}
