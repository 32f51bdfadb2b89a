"""The jobs that settings want."""

import pytest

from config.catalogue import BY_NAME
from config.variables import Settings
from jobs.catalogue import (
    CLEAN_UP,
    FUNCTION_CRON,
    KNOWN_JOBS,
    JobKind,
    KnownJob,
    registered_jobs,
    swept,
    ticked,
    wanted_jobs,
)
from jobs.streams.lanes import LANES
from jobs.streams.stream import Channel
from sanderling.schedule.cron import parse_cron

SWEEPERS = [job for job in KNOWN_JOBS if job.name in LANES]
MAIL = {Channel.GMAIL, Channel.MICROSOFT_MAIL}
CALENDARS = {Channel.GOOGLE_CALENDAR, Channel.MICROSOFT_CALENDAR}


def test_every_known_job_has_its_cron_in_a_variable_of_its_own() -> None:
    """Whoever wants a job at other times finds one setting that says so, and it is a cron."""
    variables = [job.cron_variable or "" for job in KNOWN_JOBS if job.kind is JobKind.JOB]

    assert {job.name for job in KNOWN_JOBS if not job.cron_variable} == {FUNCTION_CRON}
    assert len(set(variables)) == len(variables)
    variables += [job.cron_variable or "" for job in SWEEPERS]
    assert all(name.startswith("JOB_") and name.endswith("_CRON") for name in variables)
    assert not any(BY_NAME[name].is_planned for name in variables)


def test_sweepers_of_one_sort_share_their_cron() -> None:
    """Mail has one cadence with every provider, and so have calendars, for each of two phases."""
    by_cron = {
        variable: {LANES[job.name] for job in SWEEPERS if job.cron_variable == variable}
        for variable in {job.cron_variable for job in SWEEPERS}
    }

    assert len(by_cron) == 4
    assert sorted(len(lanes) for lanes in by_cron.values()) == [2, 2, 2, 2]
    for lanes in by_cron.values():
        assert len({lane.phase for lane in lanes}) == 1
        assert {lane.channel for lane in lanes} in (MAIL, CALENDARS)


def test_each_provider_has_a_switch_for_mail_and_one_for_calendars() -> None:
    """A switch turns on both sweepers of one channel, and nothing else."""
    settings = Settings.model_construct(is_gmail_enabled=True)

    assert sorted(swept(wanted_jobs(settings))) == [
        "gmail-message-list-fetch",
        "gmail-messages-import",
    ]
    switches = {job.enabled_by: LANES[job.name].channel for job in SWEEPERS}
    assert len(switches) == len(set(switches.values())) == len(Channel)
    assert swept(wanted_jobs(Settings())) == {}


def test_names_and_sentences_are_fit_to_show() -> None:
    """Names are unique words with hyphens, and each description is a sentence."""
    names = [job.name for job in KNOWN_JOBS]

    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalpha() and name.islower() for name in names)
    assert all(job.description.endswith(".") for job in KNOWN_JOBS)


def test_a_job_has_the_cron_that_the_settings_give_it() -> None:
    """Another cron changes that job, and leaves the others equal, so that they keep their phase."""
    before = ticked(wanted_jobs(Settings()))
    after = ticked(wanted_jobs(Settings(clean_up_cron="5 4 * * *")))

    assert after[CLEAN_UP].cron == parse_cron("5 4 * * *")
    assert [name for name in before if before[name] != after[name]] == [CLEAN_UP]


@pytest.mark.parametrize("is_on", [False, True])
def test_a_job_whose_switch_is_off_is_not_wanted(*, is_on: bool) -> None:
    """The setting that turns it on decides."""
    gmail = KnownJob(
        "fetch", JobKind.JOB, "Fetches.", "JOB_CLEAN_UP_CRON", "MESSAGING_PROVIDER_GMAIL_ENABLED"
    )
    settings = Settings.model_construct(is_gmail_enabled=is_on)

    assert bool(wanted_jobs(settings, [gmail])) is is_on


def test_a_worker_that_leaves_jobs_to_others_registers_none() -> None:
    """They are wanted in the instance all the same."""
    settings = Settings(is_cron_registration_disabled=True)

    assert registered_jobs(settings) == ()
    assert wanted_jobs(settings) == wanted_jobs(Settings())
    assert registered_jobs(Settings()) == wanted_jobs(Settings())


def test_sweepers_have_no_ticks_of_their_own() -> None:
    """Their rows come due one by one; a run each second would write for nothing."""
    sweeper = KnownJob("sweep", JobKind.SWEEPER, "Sweeps.", "JOB_CLEAN_UP_CRON")

    assert ticked(wanted_jobs(Settings(), [sweeper])) == {}
