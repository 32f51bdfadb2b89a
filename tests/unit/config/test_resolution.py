"""Which of several places counts, and what is said of it."""

import pytest

from config.catalogue import BY_NAME
from config.layers import Layers
from config.resolution import Resolved, resolve
from config.snapshot import Source

PORT, LEVEL = "NODE_PORT", "LOG_LEVEL"


def resolved(
    name: str,
    *,
    arguments: dict[str, str] | None = None,
    stored: dict[str, str] | None = None,
    environment: dict[str, str] | None = None,
    env_file: dict[str, str] | None = None,
) -> Resolved | None:
    """Return what counts for one variable."""
    layers = Layers(arguments or {}, environment or {}, env_file or {})
    return resolve(layers, stored or {}).get(name)


def test_database_wins_over_environment_wins_over_env_file() -> None:
    """Each place is asked in its turn."""
    places = {
        "stored": {LEVEL: "ERROR"},
        "environment": {LEVEL: "WARNING"},
        "env_file": {LEVEL: "DEBUG"},
    }

    assert resolved(LEVEL, **places) == Resolved(Source.DATABASE, "ERROR", Source.ENVIRONMENT)
    del places["stored"]
    assert resolved(LEVEL, **places) == Resolved(Source.ENVIRONMENT, "WARNING", Source.ENV_FILE)
    del places["environment"]
    assert resolved(LEVEL, **places) == Resolved(Source.ENV_FILE, "DEBUG")
    assert resolved(LEVEL) is None


def test_what_only_the_environment_may_set_is_not_taken_from_the_database() -> None:
    """Whoever can write to the database cannot move the server or its secrets."""
    assert BY_NAME[PORT].is_env_only
    assert resolved(PORT, stored={PORT: "1"}) is None
    assert resolved(PORT, stored={PORT: "1"}, environment={PORT: "2"}) == Resolved(
        Source.ENVIRONMENT, "2"
    )


def test_a_value_that_equals_the_default_is_still_set() -> None:
    """The source is where the text was found, not what it amounts to."""
    assert resolved(LEVEL, environment={LEVEL: "INFO"}) == Resolved(Source.ENVIRONMENT, "INFO")


@pytest.mark.parametrize("name", ["EMAIL_FROM_NAME", "WORKER_ENABLED_QUEUES"])
def test_an_empty_text_counts_where_it_is_a_value(name: str) -> None:
    """`EMAIL_FROM_NAME=` means no name, whatever the default is."""
    assert resolved(name, environment={name: ""}) == Resolved(Source.ENVIRONMENT, "")


@pytest.mark.parametrize(
    "name", [PORT, "APP_SECRET", "SANDERLING_HOME", "EMAIL_FROM_ADDRESS", "FRONTEND_URL"]
)
def test_an_empty_text_is_as_good_as_none_where_it_means_nothing(name: str) -> None:
    """A compose file that passes on what is not set sets nothing."""
    assert resolved(name, environment={name: ""}, env_file={name: ""}) is None


def test_an_empty_text_in_the_database_is_there() -> None:
    """Nobody stores by accident: an empty text that means nothing is refused, not skipped."""
    assert resolved(LEVEL, stored={LEVEL: ""}) == Resolved(Source.DATABASE, "")


def test_the_older_name_counts_in_one_place_and_the_place_counts_more() -> None:
    """Aliases do not change which place wins."""
    old, new = "SERVERLESS_TYPE", "LOGIC_FUNCTION_TYPE"

    assert resolved(old, environment={new: "LOCAL", old: "DISABLED"}) == Resolved(
        Source.ENVIRONMENT, "DISABLED"
    )
    assert resolved(old, environment={new: "LOCAL"}, env_file={old: "DISABLED"}) == Resolved(
        Source.ENVIRONMENT, "LOCAL", Source.ENV_FILE
    )


def test_equal_values_in_other_words_hide_nothing() -> None:
    """`true` in the database and `1` in the environment do not disagree."""
    name = "AUTH_PASSWORD_ENABLED"

    assert resolved(name, stored={name: "true"}, environment={name: "1"}) == Resolved(
        Source.DATABASE, "true"
    )


def test_the_home_is_never_taken_from_the_file_that_is_found_by_it() -> None:
    """An .env file cannot send us to another home."""
    assert resolved("SANDERLING_HOME", env_file={"SANDERLING_HOME": "/elsewhere"}) is None
