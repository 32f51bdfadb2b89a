"""The catalogue of variables is complete enough to be shown to people."""

import pytest

from config.catalogue import BY_NAME, CATALOGUE, HOME, Variable
from config.declaration import Kind, Unit
from config.resolution import value_of


@pytest.mark.parametrize("variable", CATALOGUE, ids=lambda variable: variable.name)
def test_every_variable_has_a_group_and_a_sentence(variable: Variable) -> None:
    """Each variable says what it does, in a sentence, and where it belongs."""
    assert variable.group
    assert variable.description.endswith(".")
    assert variable.name == variable.name.upper()


def test_names_are_taken_once() -> None:
    """No two variables answer to the same name."""
    names = [name for variable in CATALOGUE for name in variable.names]

    assert sorted(set(names)) == sorted(names)
    assert HOME in names


def test_new_and_old_names_of_the_function_group_are_both_accepted() -> None:
    """Both generations of names of the system that our users know are accepted."""
    names = {variable.names for variable in CATALOGUE if variable.name.startswith("SERVERLESS_")}

    assert ("SERVERLESS_TYPE", "LOGIC_FUNCTION_TYPE") in names
    # The older names of the throttle say FUNCTION themselves, and the newer ones say it once.
    assert ("SERVERLESS_FUNCTION_EXEC_THROTTLE_TTL", "LOGIC_FUNCTION_EXEC_THROTTLE_TTL") in names
    assert [older for older, newer in names if not newer.startswith("LOGIC_FUNCTION_")] == []


def test_secrets_are_marked() -> None:
    """What must not be shown is known to be so."""
    telling = ("SECRET", "PASSWORD", "DATABASE_URL", "REDIS_URL", "REDIS_QUEUE_URL", "SMTP_USER")
    secret = {variable.name for variable in CATALOGUE if variable.is_sensitive}
    suspects = {
        variable.name
        for variable in CATALOGUE
        if any(word in variable.name for word in telling)
        and variable.kind is not Kind.BOOL
        and not variable.name.startswith("PASSWORD_RESET")
    }

    assert secret == suspects


@pytest.mark.parametrize("variable", CATALOGUE, ids=lambda variable: variable.name)
def test_a_default_can_be_written_and_is_read_as_itself(variable: Variable) -> None:
    """What the page shows as the default is what a person may write to get it."""
    if variable.default_text == "" and variable.default is None:
        return

    assert value_of(variable, variable.default_text) == variable.default


@pytest.mark.parametrize("variable", CATALOGUE, ids=lambda variable: variable.name)
def test_conditions_name_variables_and_values_that_there_are(variable: Variable) -> None:
    """No variable is required by something that cannot be."""
    for condition in variable.required_if:
        cause = BY_NAME[condition.name]

        assert cause.text_of(value_of(cause, condition.value)) == condition.value
        assert condition.value != cause.default_text


def test_an_enum_tells_its_words() -> None:
    """Whoever offers a choice knows what there is to choose."""
    assert BY_NAME["LOGIC_FUNCTION_TYPE"].words == ("DISABLED", "LOCAL", "LAMBDA")
    assert all(bool(each.words) == (each.kind is Kind.ENUM) for each in CATALOGUE)


def test_names_tell_the_unit() -> None:
    """A name that speaks of milliseconds or megabytes counts them."""
    units = {"_MS": Unit.MILLISECONDS, "_TTL": Unit.MILLISECONDS, "_MB": Unit.MEBIBYTES}
    wrong = [
        variable.name
        for variable in CATALOGUE
        for ending, unit in units.items()
        if variable.name.endswith(ending) and variable.unit is not unit
    ]

    assert wrong == []
