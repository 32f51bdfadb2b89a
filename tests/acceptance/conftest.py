"""A home and the command for it."""

from pathlib import Path

import pytest

from support.command import CommandLine


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    """Return the command for a home that is not there yet, run from a folder elsewhere."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return CommandLine(home=tmp_path / "home", folder=folder)
