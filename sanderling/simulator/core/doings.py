"""What can be done to a world from outside, in plain values."""

from collections.abc import Mapping
from typing import Any

from sanderling.simulator.core.agenda_seeds import AgendaSeed
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.mail import Genre, Mail
from sanderling.simulator.core.mail_seeds import MailSeed
from sanderling.simulator.core.meeting import Meeting
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.core.writing import WRITTEN, Undoable, letter_with, plan_with, when_of

Names = Mapping[str, str]
Given = dict[str, Any]


def _number(names: Names) -> int:
    try:
        return int(names["number"])
    except ValueError as error:
        raise Undoable("the number of a message or event is what adding it returned") from error


class Doings:
    """Carry out what the control door is asked, by the words of the request."""

    def __init__(self, world: World) -> None:
        """Act on this world."""
        self._world = world
        self._made = 0

    def show(self, _names: Names, _given: Given) -> Given:
        """Return who lives here, what was asked so far and what goes wrong."""
        world = self._world
        return {
            "now": world.clock.now().isoformat(),
            "people": [
                {
                    "email": person.email,
                    "name": person.name,
                    "messages": len(person.mailbox.mails),
                    "events": len(person.agenda.meetings),
                }
                for person in world.people.values()
            ],
            "requests": dict(world.meter.requests),
            "units": dict(world.meter.units),
            "refused_for_quota": world.meter.refused,
            "notices": dict(world.post.counts),
            "faults": {
                "rates": {kind.value: rate for kind, rate in world.faults.rates.items()},
                "struck": {kind.value: count for kind, count in world.faults.struck.items()},
            },
        }

    def set_faults(self, _names: Names, given: Given) -> Given:
        """Replace the rates, and the script where there is one."""
        try:
            rates = {FaultKind(kind): float(rate) for kind, rate in given.get("rates", {}).items()}
            script = [FaultKind(kind) if kind else None for kind in given.get("script", [])]
            self._world.faults.set_rates(rates, seed=int(given.get("seed", 0)))
        except (AttributeError, TypeError, ValueError) as error:
            known = ", ".join(FaultKind)
            raise Undoable(f"{error}; kinds are {known}, rates are from 0 to 1") from error
        self._world.faults.script(script, after=int(given.get("after", 0)))
        return {"rates": given.get("rates", {}), "script": given.get("script", [])}

    def set_policy(self, _names: Names, given: Given) -> Given:
        """Change how tokens are given, how slow answers are and how much people may use."""
        world, policy = self._world, self._world.oauth.policy
        policy.access_lives_s = int(given.get("access_lives_s", policy.access_lives_s))
        policy.rotates = bool(given.get("rotates", policy.rotates))
        policy.requires_pkce = bool(given.get("requires_pkce", policy.requires_pkce))
        world.post.late_s = float(given.get("notice_late_s", world.post.late_s))
        world.latency_s = float(given.get("latency_s", world.latency_s))
        world.drip_s = float(given.get("drip_s", world.drip_s))
        world.meter.units_per_min = given.get("units_per_min", world.meter.units_per_min)
        world.quota_status = int(given.get("quota_status", world.quota_status))
        return {
            "access_lives_s": policy.access_lives_s,
            "rotates": policy.rotates,
            "requires_pkce": policy.requires_pkce,
            "latency_s": world.latency_s,
            "drip_s": world.drip_s,
            "notice_late_s": world.post.late_s,
            "units_per_min": world.meter.units_per_min,
            "quota_status": world.quota_status,
        }

    def advance(self, _names: Names, given: Given) -> Given:
        """Put the clock forward."""
        self._world.clock.advance(float(given.get("advance_s", 0)))
        return {"now": self._world.clock.now().isoformat()}

    def expire_cursors(self, _names: Names, _given: Given) -> Given:
        """Make every cursor void."""
        self._world.expire_cursors()
        return {}

    def expire_tokens(self, _names: Names, _given: Given) -> Given:
        """Make every access token void; refresh tokens stay good."""
        self._world.oauth.void_all()
        return {}

    def reset_meter(self, _names: Names, _given: Given) -> Given:
        """Count requests and units from nothing again."""
        self._world.meter.reset()
        return {}

    def settle(self, _names: Names, given: Given) -> Given:
        """Let someone live here."""
        email = given.get("email")
        if not isinstance(email, str) or "@" not in email or email in self._world.people:
            raise Undoable("email is the address of somebody who does not live here yet")
        person = self._world.settle(
            email,
            str(given.get("name", "")),
            mails=int(given.get("messages", 0)),
            meetings=int(given.get("events", 0)),
            seed=int(given.get("seed", 0)),
        )
        return {"email": person.email, "subject": person.subject}

    def issue_tokens(self, names: Names, given: Given) -> Given:
        """Give tokens for a person without asking anybody."""
        person = self._world.person(names["email"])
        tokens = self._world.oauth.issue(person.email, frozenset(given.get("scopes", [])))
        return {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_in": tokens.expires_in_s,
            "scope": " ".join(sorted(tokens.scopes)),
        }

    def revoke(self, names: Names, _given: Given) -> Given:
        """Take back all that a person allowed."""
        return {"revoked": self._world.oauth.revoke_person(names["email"])}

    def add_mail(self, names: Names, given: Given) -> Given:
        """Let a mail come, with what is given and the rest made up."""
        person = self._world.person(names["email"])
        try:
            genre = Genre(given.get("genre", Genre.LETTER))
        except ValueError as error:
            raise Undoable(f"genre is one of {', '.join(Genre)}") from error
        now = self._world.clock.now().replace(microsecond=0)
        letter = letter_with(self._seed(person).letter(genre, now), given)
        thread = given.get("thread")
        places = frozenset(given["places"]) if "places" in given else None
        mail = person.mailbox.add(
            letter,
            places=self._world.placing.places(genre) if places is None else places,
            thread=None if thread is None else person.mailbox.get(int(thread)).thread,
            is_read=bool(given.get("is_read", genre in {Genre.SENT, Genre.DRAFT})),
            is_draft=genre is Genre.DRAFT,
        )
        return self._mail(person, mail)

    def change_mail(self, names: Names, given: Given) -> Given:
        """Move, mark or rewrite a mail."""
        person = self._world.person(names["email"])
        mail = person.mailbox.get(_number(names))
        add, remove = frozenset(given.get("add", [])), frozenset(given.get("remove", []))
        if add or remove:
            mail = person.mailbox.place(mail.number, add=add, remove=remove)
        if "is_read" in given:
            mail = person.mailbox.mark(mail.number, is_read=bool(given["is_read"]))
        if given.keys() & WRITTEN:
            mail = person.mailbox.edit(mail.number, letter_with(mail.letter, given))
        return self._mail(person, mail)

    def delete_mail(self, names: Names, _given: Given) -> Given:
        """Remove a mail for ever."""
        self._world.person(names["email"]).mailbox.delete(_number(names))
        return {}

    def add_meeting(self, names: Names, given: Given) -> Given:
        """Plan a meeting, with what is given and the rest made up."""
        person = self._world.person(names["email"])
        self._made += 1
        now = self._world.clock.now()
        plan = AgendaSeed(-self._made, person.owner, now).plan()
        master = given.get("master")
        meeting = person.agenda.add(
            plan_with(plan, given),
            at=now,
            master=None if master is None else person.agenda.get(int(master)).number,
            original_start=when_of(given["original_start"]) if "original_start" in given else None,
        )
        return self._meeting(person, meeting)

    def change_meeting(self, names: Names, given: Given) -> Given:
        """Plan a meeting anew."""
        person = self._world.person(names["email"])
        found = person.agenda.get(_number(names))
        plan = plan_with(found.plan, given)
        return self._meeting(
            person, person.agenda.edit(found.number, plan, at=self._world.clock.now())
        )

    def cancel_meeting(self, names: Names, _given: Given) -> Given:
        """Call a meeting off."""
        person = self._world.person(names["email"])
        number = _number(names)
        return self._meeting(person, person.agenda.cancel(number, at=self._world.clock.now()))

    def _seed(self, person: Person) -> MailSeed:
        self._made += 1
        return MailSeed(-self._made, person.owner, self._world.clock.now())

    def _mail(self, person: Person, mail: Mail) -> Given:
        return {
            "number": mail.number,
            "id": self._world.naming.mail(person, mail.number),
            "thread": mail.thread,
            "places": sorted(mail.places),
            "is_read": mail.is_read,
            "subject": mail.letter.subject,
        }

    def _meeting(self, person: Person, meeting: Meeting) -> Given:
        return {
            "number": meeting.number,
            "id": self._world.naming.meeting(person, meeting.number),
            "title": meeting.plan.title,
            "status": meeting.plan.status.value,
        }
