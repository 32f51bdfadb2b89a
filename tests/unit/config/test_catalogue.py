"""The catalogue of variables is complete enough to be shown to people."""

import pytest

from config.catalogue import CATALOGUE, HOME, Variable


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
    names = {variable.names for variable in CATALOGUE if variable.group == "logic functions"}

    assert names == {
        ("SERVERLESS_TYPE", "LOGIC_FUNCTION_TYPE"),
        ("SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT", "LOGIC_FUNCTION_EXEC_THROTTLE_LIMIT"),
        ("SERVERLESS_FUNCTION_EXEC_THROTTLE_TTL", "LOGIC_FUNCTION_EXEC_THROTTLE_TTL"),
    }


def test_secrets_are_marked() -> None:
    """What must not be shown is known to be so."""
    assert {"APP_SECRET", "DATABASE_URL"} == {v.name for v in CATALOGUE if v.is_sensitive}
