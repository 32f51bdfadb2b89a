"""Mails of a realistic kind, the same for the same number."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from sanderling.simulator.core import words
from sanderling.simulator.core.mail import Correspondent, Genre, Letter, MailFile
from sanderling.simulator.core.mailbox import Mailbox
from sanderling.simulator.core.placing import Placing

_THREAD_LENGTHS = (1, 2, 3, 4, 5, 6)
_THREAD_WEIGHTS = (55, 18, 11, 7, 5, 4)
_GENRES = (
    *(Genre.LETTER, Genre.SENT, Genre.NEWSLETTER, Genre.PROMOTION, Genre.SOCIAL, Genre.NOTICE),
    *(Genre.ARCHIVED, Genre.SPAM, Genre.TRASHED, Genre.DRAFT),
)
_GENRE_WEIGHTS = (46, 10, 9, 9, 5, 6, 8, 3, 2, 2)
_BULK = {
    Genre.NEWSLETTER: words.NEWSLETTERS,
    Genre.PROMOTION: words.PROMOTIONS,
    Genre.SOCIAL: words.SOCIAL,
    Genre.NOTICE: words.NOTICES,
    Genre.SPAM: words.SPAM,
}
_KIB = 1024


@dataclass(slots=True)
class MailSeed:
    """Writes the mails of one owner: `number` decides everything, `until` when the last came."""

    number: int
    owner: Correspondent
    until: datetime
    _written: int = 0
    _random: Random = field(init=False)
    _contacts: tuple[Correspondent, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Draw the people with whom the owner corresponds."""
        self._random = Random(f"{self.number}:{self.owner.email}")  # noqa: S311 - repeatable, not secret.
        self._contacts = tuple(self._person() for _ in range(60))

    def fill(self, mailbox: Mailbox, count: int, placing: Placing) -> None:
        """Add `count` mails, the oldest first, about one every half hour."""
        at = self.until - timedelta(minutes=30) * count
        while len(mailbox.mails) < count:
            left = count - len(mailbox.mails)
            at = self._conversation(mailbox, left, placing, at)

    def letter(self, genre: Genre, at: datetime) -> Letter:
        """Return one new letter of a genre."""
        if genre in _BULK:
            return self._bulk(genre, at)
        subject = self._fill(self._random.choice(words.SUBJECTS))
        other = self._random.choice(self._contacts)
        mine = genre in {Genre.SENT, Genre.DRAFT}
        return self._letter(
            self.owner if mine else other, other if mine else self.owner, subject, at
        )

    def _conversation(
        self, mailbox: Mailbox, left: int, placing: Placing, at: datetime
    ) -> datetime:
        """Add a thread of 1 to 6 mails, or one mail of a machine."""
        genre = self._random.choices(_GENRES, _GENRE_WEIGHTS)[0]
        (length,) = self._random.choices(_THREAD_LENGTHS, _THREAD_WEIGHTS)
        if genre in _BULK or genre is Genre.DRAFT:
            length = 1
        letter = self.letter(genre, at)
        thread: int | None = None
        for step in range(min(length, left)):
            if step:
                letter = self._reply(letter, at)
                if genre in {Genre.LETTER, Genre.SENT}:
                    genre = Genre.SENT if letter.sender == self.owner else Genre.LETTER
            mail = mailbox.add(
                letter,
                places=placing.places(genre),
                thread=thread,
                is_read=genre in {Genre.SENT, Genre.DRAFT} or self._happens(60),
                is_draft=genre is Genre.DRAFT,
            )
            thread = mail.thread
            at += timedelta(minutes=30)
        return at

    def _letter(
        self, sender: Correspondent, receiver: Correspondent, subject: str, at: datetime
    ) -> Letter:
        copies = self._random.sample(self._contacts, self._random.choice((0, 0, 0, 1, 2)))
        lines = [
            self._fill(self._random.choice(words.SENTENCES))
            for _ in range(self._random.randint(2, 9))
        ]
        text = f"Hi {receiver.name.split()[0]},\r\n\r\n" + "\r\n".join(lines)
        text += f"\r\n\r\n-- \r\n{sender.name}\r\n"
        return Letter(
            sender=sender,
            to=(receiver,),
            cc=tuple(copies),
            subject=subject,
            text=text,
            html=_html(text) if self._happens(70) else "",
            sent_at=at,
            rfc_message_id=self._message_id(sender),
            files=self._files(),
        )

    def _reply(self, to: Letter, at: datetime) -> Letter:
        sender, receiver = to.to[0], to.sender
        subject = to.subject if to.subject.startswith("Re: ") else f"Re: {to.subject}"
        references = dict(to.headers).get("References", "")
        letter = self._letter(sender, receiver, subject, at)
        headers = (
            ("In-Reply-To", to.rfc_message_id),
            ("References", f"{references} {to.rfc_message_id}".strip()),
        )
        return replace(letter, cc=to.cc, headers=headers)

    def _bulk(self, genre: Genre, at: datetime) -> Letter:
        company = self._random.choice(words.COMPANIES)
        title = self._fill(self._random.choice(_BULK[genre]))
        sender = Correspondent(
            f"{company.title()} {genre.value}", f"{genre.value}@{company}.example"
        )
        text = f"{title}\r\n\r\n{self._fill(self._random.choice(words.SENTENCES))}\r\n"
        headers: tuple[tuple[str, str], ...] = (("Auto-Submitted", "auto-generated"),)
        if genre in {Genre.NEWSLETTER, Genre.PROMOTION}:
            link = f"https://{company}.example/unsubscribe/{self._written}"
            headers = (
                ("List-Unsubscribe", f"<mailto:leave@{company}.example>, <{link}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("List-Id", f"{company} {genre.value} <{genre.value}.{company}.example>"),
                ("Precedence", "bulk"),
            )
        return Letter(
            sender=sender,
            to=(self.owner,),
            subject=f"{title} #{self._written}",
            text=text,
            html=_html(text),
            sent_at=at,
            rfc_message_id=self._message_id(sender),
            reply_to=(Correspondent("", f"no-reply@{company}.example"),),
            headers=headers,
        )

    def _files(self) -> tuple[MailFile, ...]:
        count = self._random.choice((0, 0, 0, 0, 0, 1, 1, 2))
        chosen = self._random.sample(words.FILES, count)
        return tuple(
            MailFile(name, media_type, self._random.randint(1, 300) * _KIB, name == "photo.jpg")
            for name, media_type in chosen
        )

    def _message_id(self, sender: Correspondent) -> str:
        self._written += 1
        owner = self.owner.email.replace("@", ".")
        return f"<{self.number}.{self._written}.{owner}@{sender.email.partition('@')[2]}>"

    def _person(self) -> Correspondent:
        first, last = self._random.choice(words.FIRST_NAMES), self._random.choice(words.LAST_NAMES)
        company = self._random.choice(words.COMPANIES)
        address = f"{_plain(first)}.{_plain(last)}@{company}.example"
        return Correspondent(f"{first} {last}", address)

    def _happens(self, percent: int) -> bool:
        return self._random.randrange(100) < percent

    def _fill(self, phrase: str) -> str:
        return phrase.format(
            thing=self._random.choice(words.THINGS),
            name=self._random.choice(self._contacts).name,
            day=self._random.choice(words.DAYS),
            number=self._random.randint(1000, 9999),
        )


def _html(text: str) -> str:
    paragraphs = "".join(f"<p>{line}</p>" for line in text.split("\r\n") if line)
    return f"<html><body>{paragraphs}</body></html>"


def _plain(name: str) -> str:
    """Return a name as it stands in an address."""
    return "".join(char for char in name.lower() if char.isascii() and char.isalpha()) or "x"
