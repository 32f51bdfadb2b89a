"""The methods of Gmail that read a mailbox."""

from bisect import bisect_left
from typing import Any

from sanderling.simulator.core.exchange import Answer, json_answer
from sanderling.simulator.core.faults import FaultKind, Point
from sanderling.simulator.core.mail import Mail
from sanderling.simulator.core.mailbox import UnknownMail
from sanderling.simulator.core.world import World
from sanderling.simulator.google import page_token
from sanderling.simulator.google.errors import bad_value, not_found, refused
from sanderling.simulator.google.gate import Ask, Method
from sanderling.simulator.google.gmail_history import list_history
from sanderling.simulator.google.gmail_ids import (
    SYSTEM_LABELS,
    history_id,
    labels_of,
    message_id,
    number_of,
)
from sanderling.simulator.google.gmail_message import (
    FORMATS,
    Renderer,
    attachment_index,
    attachment_json,
    message_json,
)
from sanderling.simulator.google.gmail_search import SearchRefused, names_spam_or_trash, search
from sanderling.simulator.google.scopes import METADATA_SCOPE

_PAGE, _MOST = 100, 500
_USER = "/gmail/v1/users/{user}"
_HIDDEN = frozenset({"SPAM", "TRASH"})


class Gmail:
    """Answer for the mailboxes of one world, with units as of May 2026."""

    def __init__(self, world: World) -> None:
        """Read from this world."""
        self._world = world
        self._renderer = Renderer()

    def methods(self) -> list[Method]:
        """Return the methods."""
        messages = f"{_USER}/messages"
        attachment = f"{messages}/{{message}}/attachments/{{id}}"
        page = Point.PAGE
        return [
            Method("gmail.users.getProfile", "GET", f"{_USER}/profile", 1, self._profile),
            Method("gmail.users.messages.list", "GET", messages, 5, self._list, page),
            Method("gmail.users.messages.get", "GET", f"{messages}/{{id}}", 20, self._get),
            Method("gmail.users.messages.attachments.get", "GET", attachment, 20, _attachment),
            Method("gmail.users.threads.get", "GET", f"{_USER}/threads/{{id}}", 40, self._thread),
            Method("gmail.users.history.list", "GET", f"{_USER}/history", 2, list_history, page),
            Method("gmail.users.labels.list", "GET", f"{_USER}/labels", 1, _labels),
            Method(
                "gmail.users.settings.sendAs.list",
                "GET",
                f"{_USER}/settings/sendAs",
                1,
                _send_as,
            ),
        ]

    def _profile(self, ask: Ask) -> Answer:
        mailbox = ask.person.mailbox
        return ask.answer(
            {
                "emailAddress": ask.person.email,
                "messagesTotal": len(mailbox.mails),
                "threadsTotal": mailbox.thread_count,
                "historyId": str(history_id(mailbox.seq)),
            }
        )

    def _list(self, ask: Ask) -> Answer:
        asked = ask.asked
        mails = ask.person.mailbox.newest_first()
        position = _position(asked.one("pageToken"), mails)
        size = ask.number("maxResults", _PAGE, _MOST)
        found: list[Mail] = []
        has_more = False
        is_listed = self._listed(ask)
        if asked.fault is FaultKind.PAGE_EMPTY:
            return ask.answer({"nextPageToken": _token(mails, position), "resultSizeEstimate": 0})
        for mail in mails[position:]:
            if is_listed(mail):
                if len(found) == size:
                    has_more = True
                    break
                found.append(mail)
        value: dict[str, Any] = {"resultSizeEstimate": len(found) + has_more}
        if found:
            value["messages"] = [
                {"id": message_id(mail.number), "threadId": message_id(mail.thread)}
                for mail in found
            ]
        if has_more:
            again = asked.fault is FaultKind.PAGE_DUPLICATE
            value["nextPageToken"] = _token_after(found[-1], again=again)
        return ask.answer(value)

    def _listed(self, ask: Ask) -> Any:
        asked = ask.asked
        labels, query = frozenset(asked.all("labelIds")), asked.one("q") or ""
        if query and _sees_metadata_alone(ask):
            raise refused(403, "forbidden", "Metadata scope does not support 'q' parameter")
        try:
            matches = search(query, now=self._world.clock.now())
        except SearchRefused as error:
            raise bad_value("q", query) from error
        shows_all = (
            ask.flag("includeSpamTrash") or bool(labels & _HIDDEN) or names_spam_or_trash(query)
        )

        def is_listed(mail: Mail) -> bool:
            own = labels_of(mail)
            return labels <= own and (shows_all or not own & _HIDDEN) and matches(mail)

        return is_listed

    def _get(self, ask: Ask) -> Answer:
        try:
            mail = ask.person.mailbox.get(number_of(ask.names["id"]))
        except UnknownMail as unknown:
            raise not_found() from unknown
        return json_answer(self._rendered(ask, mail, FORMATS))

    def _thread(self, ask: Ask) -> Answer:
        try:
            mails = ask.person.mailbox.thread(number_of(ask.names["id"]))
        except UnknownMail as unknown:
            raise not_found() from unknown
        # Masks of threads are about their messages, which are rendered without one.
        formats = FORMATS[:3]
        if ask.mask is None:
            messages = b",".join(self._rendered(ask, mail, formats) for mail in mails)
            head = b'{"id":"%s","historyId":"%d","messages":[' % (
                message_id(mails[0].thread).encode(),
                history_id(max(mail.changed for mail in mails)),
            )
            return json_answer(head + messages + b"]}")
        form, headers = _format(ask, formats)
        return ask.answer(
            {
                "id": message_id(mails[0].thread),
                "historyId": str(history_id(max(mail.changed for mail in mails))),
                "messages": [message_json(mail, form, headers) for mail in mails],
            }
        )

    def _rendered(self, ask: Ask, mail: Mail, formats: tuple[str, ...]) -> bytes:
        form, headers = _format(ask, formats)
        return self._renderer.json(ask.person.email, mail, form, headers, ask.mask)


def _format(ask: Ask, formats: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    form = (ask.asked.one("format") or "full").lower()
    if form not in formats:
        raise bad_value("format", form)
    if form in {"full", "raw"} and _sees_metadata_alone(ask):
        raise refused(403, "forbidden", f"Metadata scope doesn't allow format {form.upper()}")
    return form, ask.asked.all("metadataHeaders") if form == "metadata" else ()


def _sees_metadata_alone(ask: Ask) -> bool:
    return METADATA_SCOPE in ask.scopes and not any("gmail.readonly" in s for s in ask.scopes)


def _position(token: str | None, mails: tuple[Mail, ...]) -> int:
    """Return where a list goes on: after the last message shown, gone or not."""
    if token is None:
        return 0
    found = page_token.read("messages", token)
    if found is None:
        raise bad_value("pageToken", token)
    return bisect_left(mails, (-int(found["ms"]), -int(found["number"])), key=_key)


def _key(mail: Mail) -> tuple[int, int]:
    return -int(mail.letter.sent_at.timestamp() * 1000), -mail.number


def _token_after(mail: Mail, *, again: bool) -> str:
    ms, number = (-part for part in _key(mail))
    return page_token.written("messages", ms=ms, number=number if again else number - 1)


def _token(mails: tuple[Mail, ...], position: int) -> str:
    """Return the token of a page that begins at this position."""
    if position < len(mails):
        return _token_after(mails[position], again=True)
    return page_token.written("messages", ms=0, number=0)


def _attachment(ask: Ask) -> Answer:
    try:
        mail = ask.person.mailbox.get(number_of(ask.names["message"]))
    except UnknownMail as unknown:
        raise not_found() from unknown
    index = attachment_index(mail, ask.names["id"])
    if index is None:
        raise bad_value("attachment token", ask.names["id"])
    return ask.answer(attachment_json(mail, index))


def _labels(ask: Ask) -> Answer:
    own = {label for mail in ask.person.mailbox.mails.values() for label in mail.places}
    system = [{"id": name, "name": name, "type": "system"} for name in SYSTEM_LABELS]
    user = [{"id": name, "name": name, "type": "user"} for name in sorted(own - {*SYSTEM_LABELS})]
    return ask.answer({"labels": [*system, *user]})


def _send_as(ask: Ask) -> Answer:
    person = ask.person
    first: dict[str, object] = {
        "sendAsEmail": person.email,
        "displayName": person.name,
        "isPrimary": True,
        "isDefault": True,
    }
    others = [
        {"sendAsEmail": alias, "displayName": person.name, "verificationStatus": "accepted"}
        for alias in person.aliases
    ]
    return ask.answer({"sendAs": [first, *others]})
