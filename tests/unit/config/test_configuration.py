"""People change settings together: nothing is lost, nothing invalid is kept, no secret is shown."""

import secrets

import pytest

from config.edit import Edit
from config.errors import (
    ConfigConflict,
    ConfigRejected,
    DatabaseConfigDisabled,
    EnvironmentOnlyVariable,
    HeadMoved,
    RevisionUnknown,
    VariableUnknown,
)
from config.memory import MemoryConfigStore, MemorySealer
from config.secrets import secret_place
from config.snapshot import Source
from config.stored import Change, HistoryEntry, StoredBody
from sanderling.kernel.clock import VirtualClock
from support.desk import Desk

PASSWORD = "hunter2 hunter2"
SMTP = {
    "EMAIL_DRIVER": "SMTP",
    "EMAIL_SMTP_HOST": "mail.example.org",
    "EMAIL_SMTP_USER": "someone",
    "EMAIL_SMTP_PASSWORD": PASSWORD,
}


@pytest.fixture
def desk() -> Desk:
    """Return a configuration with nothing set anywhere."""
    return Desk()


async def test_a_change_is_one_revision_with_who_when_why_and_what(desk: Desk) -> None:
    """Several variables change together, under their own names, and history tells."""
    entry = await desk.set(LOGIC_FUNCTION_TYPE="DISABLED", LOG_LEVEL="DEBUG")

    assert entry == HistoryEntry(
        revision=1,
        changed_at=desk.clock.now(),
        changed_by="operator",
        reason="because",
        changes=(
            Change("LOG_LEVEL", None, "DEBUG"),
            Change("SERVERLESS_TYPE", None, "DISABLED"),
        ),
    )
    assert await desk.configuration.history() == (entry,)
    assert await desk.stored() == {"SERVERLESS_TYPE": "DISABLED", "LOG_LEVEL": "DEBUG"}


async def test_a_secret_is_stored_sealed_and_shown_as_a_fingerprint(desk: Desk) -> None:
    """Neither body, history nor list holds the value."""
    entry = await desk.set(**SMTP)

    assert entry is not None
    body, listed = await desk.stored(), await desk.configuration.describe()
    assert PASSWORD not in str((body, entry, listed))
    assert desk.sealer.open(body["EMAIL_SMTP_PASSWORD"], secret_place("EMAIL_SMTP_PASSWORD")) == (
        PASSWORD
    )
    shown = {each.variable.name: each for each in listed}
    after = {change.name: change.after for change in entry.changes}
    password = shown["EMAIL_SMTP_PASSWORD"]
    assert password.text is None
    assert password.is_set
    assert password.fingerprint == after["EMAIL_SMTP_PASSWORD"]
    assert password.fingerprint != shown["EMAIL_SMTP_USER"].fingerprint
    assert not shown["AUTH_GOOGLE_CLIENT_SECRET"].is_set


async def test_what_changes_nothing_makes_no_revision(desk: Desk) -> None:
    """Setting the same again, also a secret, leaves no trace."""
    await desk.set(**SMTP)

    assert await desk.set(**SMTP) is None
    assert await desk.set(LOG_LEVEL=None) is None
    assert await desk.configuration.read_head() == 1


async def test_an_unchanged_secret_is_carried_over_as_it_is(desk: Desk) -> None:
    """Changing one variable does not seal the others anew."""
    await desk.set(**SMTP)
    before = (await desk.stored())["EMAIL_SMTP_PASSWORD"]
    await desk.set(LOG_LEVEL="DEBUG")

    assert (await desk.stored())["EMAIL_SMTP_PASSWORD"] == before


async def test_two_who_change_the_same_variable_get_a_conflict_with_both_values(
    desk: Desk,
) -> None:
    """The second is told what is in force and what was asked for; nothing is lost."""
    await desk.set(LOG_LEVEL="INFO")
    await desk.set(1, LOG_LEVEL="DEBUG", EMAIL_FROM_NAME="One")

    with pytest.raises(ConfigConflict) as refused:
        await desk.set(1, LOG_LEVEL="ERROR", EMAIL_SMTP_PORT="25")

    assert refused.value.conflicts == (Change("LOG_LEVEL", "DEBUG", "ERROR"),)
    assert refused.value.facts == {"names": "LOG_LEVEL", "base": 1, "head": 2}
    assert await desk.stored() == {"LOG_LEVEL": "DEBUG", "EMAIL_FROM_NAME": "One"}


async def test_a_conflict_over_a_secret_shows_two_fingerprints(desk: Desk) -> None:
    """Both values are told apart without being told."""
    await desk.set(**SMTP)
    await desk.set(1, EMAIL_SMTP_PASSWORD="the first")

    with pytest.raises(ConfigConflict) as refused:
        await desk.set(1, EMAIL_SMTP_PASSWORD="the second")

    (conflict,) = refused.value.conflicts
    assert conflict.before != conflict.after
    assert "the " not in f"{conflict} {refused.value}"


async def test_two_who_change_different_variables_both_succeed(desk: Desk) -> None:
    """A change that was based on an older revision is carried over."""
    await desk.set(LOG_LEVEL="INFO")
    await desk.set(1, EMAIL_FROM_NAME="One")
    entry = await desk.set(1, LOG_LEVEL="ERROR")

    assert entry is not None
    assert entry.revision == 3
    assert await desk.stored() == {"LOG_LEVEL": "ERROR", "EMAIL_FROM_NAME": "One"}


async def test_what_was_carried_over_is_validated_as_a_whole(desk: Desk) -> None:
    """Two changes that are each valid and do not go together are not merged silently."""
    await desk.set(**SMTP)
    await desk.set(1, EMAIL_SMTP_HOST="", EMAIL_DRIVER="LOGGER")

    with pytest.raises(ConfigConflict):
        await desk.set(1, EMAIL_DRIVER="SMTP", EMAIL_SMTP_HOST="x")
    await desk.set(2, EMAIL_FROM_NAME="x")
    with pytest.raises(ConfigRejected, match="EMAIL_SMTP_HOST"):
        await desk.set(2, EMAIL_DRIVER="SMTP")


class SlowStore(MemoryConfigStore):
    """Lets somebody else be faster at the first attempts."""

    def __init__(self, clock: VirtualClock, times: int) -> None:
        """Let that many others come first."""
        super().__init__(clock)
        self._times = times

    async def append(self, body: StoredBody, entry: HistoryEntry) -> None:
        """Keep somebody else's revision first."""
        if self._times:
            self._times -= 1
            head = await self.read_body()
            other = StoredBody(body.revision, {**head.values, "EMAIL_FROM_NAME": str(self._times)})
            await super().append(other, entry)
        await super().append(body, entry)


@pytest.mark.parametrize(("times", "is_taken"), [(1, True), (19, True), (20, False)])
async def test_a_change_that_loses_the_race_is_tried_again(times: int, *, is_taken: bool) -> None:
    """Others may be faster several times; their changes stay. It does not go on for ever."""
    desk = Desk()
    desk.store = SlowStore(desk.clock, times)
    desk.configuration = desk.process()

    if is_taken:
        entry = await desk.set(LOG_LEVEL="DEBUG")
        assert entry is not None
        assert entry.revision == times + 1
        assert await desk.stored() == {"LOG_LEVEL": "DEBUG", "EMAIL_FROM_NAME": "0"}
    else:
        with pytest.raises(HeadMoved):
            await desk.set(LOG_LEVEL="DEBUG")


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"LOG_LEVEL": "LOUD"}, ConfigRejected),
        ({"LOG_LEVEL": ""}, ConfigRejected),
        ({"EMAIL_FROM_NAME": "\0"}, ConfigRejected),
        ({"EMAIL_FROM_NAME": "\ud800"}, ConfigRejected),
        ({"EMAIL_FROM_NAME": "x" * 40_000}, ConfigRejected),
        ({"MESSAGING_PROVIDER_GMAIL_ENABLED": "true"}, ConfigRejected),
        ({"SERVERLESS_TYPE": "LOCAL", "LOGIC_FUNCTION_TYPE": "LOCAL"}, ConfigRejected),
        ({"NODE_PORT": "1"}, EnvironmentOnlyVariable),
        ({"PG_DATABASE_URL": "x"}, EnvironmentOnlyVariable),
        ({"LOG_LEVE": "DEBUG"}, VariableUnknown),
        ({"": "DEBUG"}, VariableUnknown),
    ],
)
async def test_what_cannot_be_taken_changes_nothing(
    desk: Desk, values: dict[str, str], refusal: type[Exception]
) -> None:
    """All or nothing: a good value beside a bad one is not kept either."""
    with pytest.raises(refusal):
        await desk.set(EMAIL_SMTP_PORT="25", **values)
    with pytest.raises(refusal):
        await desk.configuration.check({"EMAIL_SMTP_PORT": "25", **values})

    assert await desk.configuration.read_head() == 0


async def test_a_name_that_is_nearly_right_is_guessed(desk: Desk) -> None:
    """The refusal tells which variable may be meant."""
    with pytest.raises(VariableUnknown, match="perhaps LOG_LEVEL is meant"):
        await desk.set(log_leve="DEBUG")


async def test_checking_tells_what_would_change_and_keeps_nothing(desk: Desk) -> None:
    """A dry run."""
    assert await desk.configuration.check({"LOG_LEVEL": "DEBUG"}) == (
        Change("LOG_LEVEL", None, "DEBUG"),
    )
    assert await desk.configuration.read_head() == 0


async def test_without_the_database_settings_are_shown_and_not_changed() -> None:
    """Environment-only mode refuses every change in its own words, and shows what is in force."""
    desk = Desk()
    await desk.set(LOG_LEVEL="DEBUG")
    alone = desk.process(IS_CONFIG_VARIABLES_IN_DB_ENABLED="false", LOG_LEVEL="ERROR")

    for attempt in (
        alone.change(Edit({"LOG_LEVEL": "INFO"}, "operator")),
        alone.check({"LOG_LEVEL": "INFO"}),
        alone.rollback(0, changed_by="operator"),
    ):
        with pytest.raises(DatabaseConfigDisabled):
            await attempt
    shown = {each.variable.name: each for each in await alone.describe()}
    assert (shown["LOG_LEVEL"].text, shown["LOG_LEVEL"].source) == ("ERROR", Source.ENVIRONMENT)
    assert not alone.is_changeable


async def test_a_stored_value_that_hides_the_environment_is_told() -> None:
    """Whoever changes the environment in vain can see why."""
    desk = Desk(LOG_LEVEL="ERROR", AUTH_PASSWORD_ENABLED="1")
    await desk.set(LOG_LEVEL="DEBUG", AUTH_PASSWORD_ENABLED="true")

    shown = {each.variable.name: each for each in await desk.configuration.describe()}

    assert shown["LOG_LEVEL"].hides is Source.ENVIRONMENT
    assert shown["AUTH_PASSWORD_ENABLED"].hides is None
    assert shown["LOG_FORMAT"].source is Source.DEFAULT
    assert shown["LOG_FORMAT"].text == "AUTO"


async def test_rolling_back_is_a_new_revision_with_the_old_body(desk: Desk) -> None:
    """History goes on; secrets come back without anybody typing them."""
    await desk.set(**SMTP)
    old = await desk.stored()
    await desk.set(EMAIL_SMTP_PASSWORD="another", LOG_LEVEL="DEBUG")

    entry = await desk.configuration.rollback(1, changed_by="operator")

    assert entry is not None
    assert (entry.revision, entry.reason) == (3, "Back to revision 1.")
    assert [change.name for change in entry.changes] == ["EMAIL_SMTP_PASSWORD", "LOG_LEVEL"]
    assert await desk.stored() == old
    assert await desk.configuration.rollback(1, changed_by="operator") is None
    await desk.configuration.rollback(0, changed_by="operator")
    assert await desk.stored() == {}


async def test_a_rollback_does_not_undo_what_was_not_seen(desk: Desk) -> None:
    """Somebody else's change since the base is a conflict, with both values."""
    await desk.set(LOG_LEVEL="INFO")
    await desk.set(LOG_LEVEL="DEBUG")

    with pytest.raises(ConfigConflict) as refused:
        await desk.configuration.rollback(0, changed_by="operator", base=1)

    assert refused.value.conflicts == (Change("LOG_LEVEL", "DEBUG", None),)


async def test_unknown_revisions_are_refused(desk: Desk) -> None:
    """Neither a base, a rollback nor a wait invents a revision."""
    for attempt in (
        desk.set(1, LOG_LEVEL="INFO"),
        desk.configuration.rollback(9, changed_by="operator"),
        desk.configuration.wait_in_force(1, timeout_s=1),
        desk.configuration.wait_in_force(-1, timeout_s=1),
    ):
        with pytest.raises(RevisionUnknown):
            await attempt


async def test_a_secret_that_does_not_open_stops_changes_until_it_is_set_again(
    desk: Desk,
) -> None:
    """It is loud and named, never used as it is, and can be mended by setting or unsetting it."""
    await desk.set(**SMTP)
    desk.sealer = MemorySealer(secrets.randbits)
    desk.configuration = desk.process()

    with pytest.raises(ConfigRejected, match="EMAIL_SMTP_PASSWORD") as refused:
        await desk.set(LOG_LEVEL="DEBUG")
    shown = {each.variable.name: each for each in await desk.configuration.describe()}
    assert {problem.name for problem in refused.value.problems} == {
        "EMAIL_SMTP_USER",
        "EMAIL_SMTP_PASSWORD",
    }
    assert shown["EMAIL_SMTP_PASSWORD"].fingerprint == "secret:unreadable"

    entry = await desk.set(EMAIL_SMTP_PASSWORD="new", EMAIL_SMTP_USER="someone")
    assert entry is not None
    assert entry.changes[0].before == "secret:unreadable"


def test_what_is_asked_for_is_not_shown_by_accident() -> None:
    """A secret on its way in does not reach a log by way of a representation."""
    assert PASSWORD not in repr(Edit({"EMAIL_SMTP_PASSWORD": PASSWORD}, "operator"))


async def test_nothing_is_built_on_a_body_that_cannot_be_read_but_going_back_works(
    desk: Desk,
) -> None:
    """A change would drop all that was stored before, so it is refused and says what to do."""
    await desk.set(LOG_LEVEL="DEBUG")
    entry = HistoryEntry(2, desk.clock.now(), "somebody", "by hand")
    await desk.store.append(StoredBody(2, is_damaged=True), entry)

    with pytest.raises(ConfigRejected, match=r"revision 2 is not valid: .* rollback"):
        await desk.set(LOG_FORMAT="JSON")
    with pytest.raises(ConfigRejected, match="revision 2"):
        await desk.configuration.rollback(2, changed_by="operator")
    made = await desk.configuration.rollback(1, changed_by="operator")

    assert made is not None
    assert made.revision == 3
    assert await desk.stored() == {"LOG_LEVEL": "DEBUG"}
