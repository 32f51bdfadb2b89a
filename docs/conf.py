"""How Sphinx builds the documentation: Markdown in, one quiet theme, nothing fetched."""

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]

project = "Sanderling"
author = "The Sanderling developers"
release = _PROJECT["version"]

extensions = ["myst_parser"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Sanderling {release}"
html_show_sphinx = False
