"""Run the ``python`` blocks of README and documentation, and search for examples calmly."""

from hypothesis import HealthCheck, Phase, settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

# A busy machine is no finding: nothing in these tests promises a speed.
settings.register_profile(
    "calm", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
# A mutant is judged by its first failure, whichever it is, and by the same examples each time.
settings.register_profile(
    "hasty",
    settings.get_profile("calm"),
    derandomize=True,
    report_multiple_bugs=False,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("calm")

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/**/*.md"],
).pytest()
