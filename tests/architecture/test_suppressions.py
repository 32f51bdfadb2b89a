"""Whoever silences a check says why."""

import re
from pathlib import Path

from support.house import ROOT, all_code, shown

_SILENCER = re.compile(
    r"# ?(?P<what>noqa|type: ?ignore|pyright: ?(?:ignore|basic)|mypy: |pragma: |fmt: ?off)"
    r"(?P<codes>\[[^\]]*\]|: [A-Z0-9, ]+|[a-z ]+)?"
    r"(?P<reason>.*)"
)
_REASON = re.compile(r"\s*[-#] \S.{4,}")


def _silencers() -> list[tuple[str, str, str]]:
    """Return the place, the codes and the reason of each silenced check."""
    return [
        (f"{shown(path)}:{number} {found['what']}", found["codes"] or "", found["reason"])
        for path in all_code()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        for found in [_SILENCER.search(line)]
        if found and path != Path(__file__)
    ]


def test_every_silenced_check_gives_a_reason() -> None:
    """The reason stands on the same line, after a dash (or, for mypy, after a second #)."""
    silent = [place for place, _, reason in _silencers() if not _REASON.match(reason)]

    assert silent == []


def test_every_silenced_check_is_named() -> None:
    """Nobody silences all rules at once."""
    unnamed = [place for place, codes, _ in _silencers() if not re.search(r"\w{3,}", codes)]

    assert unnamed == []


def test_every_rule_that_is_off_for_all_gives_a_reason() -> None:
    """Each ignored ruff rule in pyproject.toml has its comment."""
    text = (ROOT / "pyproject.toml").read_text()
    section = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.isort]")]
    rules = [line for line in section.splitlines() if re.match(r'\s+"[A-Z]+\d', line)]

    assert rules
    assert [rule for rule in rules if not re.search(r"# \S.+\.$", rule)] == []


def test_the_pattern_tells_reasons_from_silence() -> None:
    """The check itself knows the forms that the tools accept."""
    lines = {
        "x()  # noqa: S603 - arguments are ours.": True,
        "x()  # type: ignore[arg-type]  # the stub is wrong.": True,
        "x()  # pyright: ignore[reportCallIssue] - hidden from the model.": True,
        "x()  # pragma: no cover - only where seccomp is missing.": True,
        "x()  # noqa: S603": False,
        "x()  # type: ignore[arg-type]": False,
        "x()  # noqa": False,
    }

    found = {line: _SILENCER.search(line) for line in lines}

    assert {
        line: bool(match and _REASON.match(match["reason"])) for line, match in found.items()
    } == lines
