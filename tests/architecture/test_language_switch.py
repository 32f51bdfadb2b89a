"""The language layer can be switched off in one place, and experiments are made in no other."""

from support.house import ROOMS, python_files, shown


def test_only_the_sandbox_check_switches_the_language_off() -> None:
    """Nothing else in the product names the settings that take a layer away."""
    naming = {shown(path) for path in python_files(*ROOMS) if "Experiment(" in path.read_text()}

    assert naming == {"sanderling/wiring/sandbox_check.py"}
