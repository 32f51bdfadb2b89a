"""Graph's mail: folders, messages, their files, and delta of folders and of each folder."""

from collections.abc import Callable, Iterable
from functools import partial

from sanderling.simulator.core.exchange import Answer
from sanderling.simulator.core.faults import Point
from sanderling.simulator.core.mail import Mail
from sanderling.simulator.microsoft import errors, ids
from sanderling.simulator.microsoft.cursor import Round
from sanderling.simulator.microsoft.folders import ROOT, FolderBook, MailFolder
from sanderling.simulator.microsoft.gate import Ask, Method, Value
from sanderling.simulator.microsoft.message import attachment_value, message_value, named
from sanderling.simulator.microsoft.office import Office
from sanderling.simulator.microsoft.walking import Entry, Kept, Walker, paged

_FOLDERS = "users('me')/mailFolders"
_MESSAGES = "users('me')/messages"


class Mails:
    """Answer what is asked about mail."""

    def __init__(self, office: Office) -> None:
        """Answer from this office."""
        self._office = office
        self._folder_walks = Walker(office.cursors, f"{_FOLDERS}/$delta")
        self._walks = Walker(office.cursors, f"{_MESSAGES}/$delta")

    def methods(self) -> list[Method]:
        """Return the methods; those with fixed names before those with an id in their place."""
        folders, messages = "/me/mailFolders", "/me/messages"
        page = Point.PAGE
        return [
            Method("mailFolders.delta", f"{folders}/delta", self._folders_delta, page),
            Method("mailFolders.list", folders, self._folders, page),
            Method("mailFolders.get", f"{folders}/{{folder}}", self._folder),
            Method("mailFolders.childFolders", f"{folders}/{{folder}}/childFolders", self._folders),
            Method("messages.delta", f"{folders}/{{folder}}/messages/delta", self._delta, page),
            Method("messages.list", f"{folders}/{{folder}}/messages", self._list, page),
            Method("messages.list", messages, self._list, page),
            Method("messages.get", f"{messages}/{{message}}", self._get),
            Method("messages.attachments.list", f"{messages}/{{message}}/attachments", self._files),
            Method(
                "messages.attachments.get",
                f"{messages}/{{message}}/attachments/{{file}}",
                self._file,
            ),
            Method(
                "messages.attachments.value",
                f"{messages}/{{message}}/attachments/{{file}}/$value",
                self._file_bytes,
            ),
        ]

    def _book(self, ask: Ask) -> FolderBook:
        return self._office.folders(ask.person)

    def _named_folder(self, ask: Ask) -> MailFolder:
        """Return the folder of the path, by its id or its well-known name."""
        text = ask.names["folder"]
        for folder in self._book(ask).present():
            if text.lower() == folder.key or text == ids.folder_id(ask.person, folder.key):
                return folder
        raise errors.item_not_found()

    def _folder_value(self, ask: Ask, folder: MailFolder) -> Value:
        mails = [mail for mail in ask.person.mailbox.mails.values() if folder.key in mail.places]
        return {
            "id": ids.folder_id(ask.person, folder.key),
            "displayName": folder.name,
            "parentFolderId": ids.folder_id(ask.person, folder.parent),
            "childFolderCount": len(self._book(ask).children(folder.key)),
            "unreadItemCount": sum(not mail.is_read for mail in mails),
            "totalItemCount": len(mails),
            "isHidden": False,
        }

    def _folders(self, ask: Ask) -> Answer:
        parent = self._named_folder(ask).key if "folder" in ask.names else ROOT
        children = self._book(ask).children(parent)
        return paged(ask, _FOLDERS, [partial(self._folder_value, ask, each) for each in children])

    def _folder(self, ask: Ask) -> Answer:
        value = self._folder_value(ask, self._named_folder(ask))
        return ask.answer(f"{_FOLDERS}/$entity", ask.selected(value))

    def _folders_delta(self, ask: Ask) -> Answer:
        book = self._book(ask)
        epoch = ask.person.mailbox.generation
        walk = self._folder_walks.walk(ask, Kept("mailFolders", epoch, book.seq))
        changed = book.changed_after(walk.since or 0)
        if walk.since is None:
            changed = [each for each in changed if not each.is_removed]
        entries = [
            Entry(f"{each.changed:012}", partial(self._folder_change, ask, walk, each))
            for each in changed
            if each.changed <= walk.until
        ]
        return self._folder_walks.answer(ask, walk, entries)

    def _folder_change(self, ask: Ask, walk: Round, folder: MailFolder) -> Value:
        if folder.is_removed:
            return removed(ids.folder_id(ask.person, folder.key))
        return ask.selected(self._folder_value(ask, folder), walk.asked("$select"))

    def _delta(self, ask: Ask) -> Answer:
        folder, mailbox = self._named_folder(ask), ask.person.mailbox
        kept = Kept(f"messages:{folder.key}", mailbox.generation, mailbox.seq)
        walk = self._walks.walk(ask, kept)
        if walk.since is None:
            entries = self._whole(ask, walk, folder.key)
        else:
            entries = self._changed(ask, walk, folder.key, walk.since, walk.until)
        return self._walks.answer(ask, walk, entries)

    def _whole(self, ask: Ask, walk: Round, folder: str) -> Iterable[Entry]:
        """Walk through a folder in the order of numbers, which nothing that happens disturbs."""
        for mail in ask.person.mailbox.mails.values():
            if folder in mail.places:
                yield Entry(f"{mail.number:012}", self._rendering(ask, walk, mail))

    def _changed(
        self, ask: Ask, walk: Round, folder: str, since: int, until: int
    ) -> Iterable[Entry]:
        """Walk through what was changed in a folder, put into it, or taken out of it."""
        last: dict[int, tuple[int, Mail]] = {}
        for change in ask.person.mailbox.changes_after(since):
            if change.seq > until:
                break
            if folder in change.mail.places | change.places_removed:
                last[change.mail.number] = change.seq, change.mail
        for number, (seq, before) in last.items():
            mail = ask.person.mailbox.mails.get(number)
            key = f"{seq:012}"
            if mail is not None and folder in mail.places:
                yield Entry(key, self._rendering(ask, walk, mail))
            else:
                yield Entry(key, partial(removed, _named_in(ask, before, folder)))

    def _rendering(self, ask: Ask, walk: Round, mail: Mail) -> Callable[[], Value]:
        def render() -> Value:
            value = ask.selected(message_value(ask, mail), walk.asked("$select"))
            return {"@odata.type": "#microsoft.graph.message", **value}

        return render

    def _list(self, ask: Ask) -> Answer:
        mails: Iterable[Mail] = ask.person.mailbox.newest_first()
        if "folder" in ask.names:
            key = self._named_folder(ask).key
            mails = (mail for mail in mails if key in mail.places)
        rows = [partial(_listed, ask, mail) for mail in mails]
        return paged(ask, _MESSAGES, rows)

    def _mail(self, ask: Ask) -> Mail:
        place = ids.message_place(ask.person, ask.names["message"])
        mail = None if place is None else ask.person.mailbox.mails.get(place[0])
        if mail is None or place is None or place[1] not in {"", *mail.places}:
            raise errors.item_not_found()
        return mail

    def _get(self, ask: Ask) -> Answer:
        mail = self._mail(ask)
        value = ask.selected(message_value(ask, mail))
        expand = ask.asked.one("$expand")
        if expand is not None:
            name, _, options = expand.partition("(")
            if name != "attachments":
                raise errors.bad_request("RequestBroker--ParseUri", f"'{name}' cannot be expanded.")
            value["attachments"] = self._file_values(ask, mail, _inner_select(options))
        return ask.answer(f"{_MESSAGES}/$entity", value)

    def _file_values(self, ask: Ask, mail: Mail, select: str) -> list[Value]:
        with_bytes = not select or "contentBytes" in select
        values = [
            attachment_value(ask.person, mail, at, with_bytes=with_bytes)
            for at in range(len(mail.letter.files))
        ]
        return [ask.selected(value, select) for value in values]

    def _files(self, ask: Ask) -> Answer:
        mail = self._mail(ask)
        values = self._file_values(ask, mail, ask.asked.one("$select") or "")
        return ask.answer(f"{_MESSAGES}('x')/attachments", {"value": values})

    def _file_place(self, ask: Ask) -> tuple[Mail, int]:
        mail = self._mail(ask)
        place = ids.file_place(ask.person, ask.names["file"])
        if place is None or place[0] != mail.number or place[1] >= len(mail.letter.files):
            raise errors.item_not_found()
        return mail, place[1]

    def _file(self, ask: Ask) -> Answer:
        mail, at = self._file_place(ask)
        value = attachment_value(ask.person, mail, at, with_bytes=True)
        return ask.answer(f"{_MESSAGES}('x')/attachments/$entity", ask.selected(value))

    def _file_bytes(self, ask: Ask) -> Answer:
        mail, at = self._file_place(ask)
        file = mail.letter.files[at]
        return Answer(200, file.content(), {"content-type": file.media_type})


def _listed(ask: Ask, mail: Mail) -> Value:
    return ask.selected(message_value(ask, mail))


def removed(remote_id: str) -> Value:
    """Return that an item left a collection; what was moved elsewhere is told so as well."""
    return {"id": remote_id, "@removed": {"reason": "deleted"}}


def _named_in(ask: Ask, mail: Mail, folder: str) -> str:
    if ask.prefers("IdType=ImmutableId"):
        return named(ask, mail)
    return ids.message_id(ask.person, mail.number, folder)


def _inner_select(options: str) -> str:
    start = options.find("$select=")
    return "" if start < 0 else options[start + len("$select=") :].rstrip(")").partition(";")[0]
