"""Writes the catalogue down for people: the reference page and the example of an .env file."""

from collections.abc import Iterator, Mapping
from textwrap import wrap

from config.catalogue import CATALOGUE, Variable
from config.declaration import Group, Kind, Unit
from config.variables import GROUPS

_PAGE_HEAD = """\
# Configuration

<!-- Made by tools/write-config-docs from config/variables; change it there. -->

Every variable that Sanderling reads, with what it takes and what it is if nobody sets it.
[](../explanation/configuration.md) tells how values are chosen, checked and changed.

The home is chosen by `--home`, else `SANDERLING_HOME`, else the default.
`sanderling init` makes it for its owner alone, with an `.env` that holds a fresh `APP_SECRET`.
`sanderling doctor` shows the settings in force and where each one came from; secrets are masked.

## How to read the tables

| word | meaning |
|---|---|
| `bool` | `true`, `yes`, `on` or `1`; `false`, `no`, `off` or `0` |
| `int` | a whole number |
| `duration` | a number with `ms`, `s`, `m`, `h` or `d`; a mere number where the unit is `ms` |
| `size` | a number with `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`; a mere number counts MiB |
| `array` | texts with commas between them, or a JSON list of texts |
| `url` | an `http` or `https` address without user and password |
| `secret` | a text that is sealed where it is stored, and that nobody is shown again |
| *environment* | it is read from the environment and `.env` alone, when the process starts |
| *restart* | a change is taken up by the next start |
| *planned* | it is checked like the others, and no part of this release reads it yet |
"""
_PAGE_FOOT = """\
## For the command line alone

`SANDERLING_URL` and `SANDERLING_API_KEY` stand in for `--url` and `--key`.
`SANDERLING_DEBUG=1` lets the command show a traceback where it would print one line.
"""
_NOTES: Mapping[Group, str] = {
    Group.LOGIC_FUNCTIONS: """\
`SERVERLESS_*` are the older names, `LOGIC_FUNCTION_*` the newer ones.
Where both are set in one place, the older one counts.
""",
    Group.RATE_LIMITING: """\
Limits are counted per workspace, in each server process for itself.
One call counts against the API limits, the workspace's executions and the function's own limit.
Either all of them count it or none.
""",
    Group.WORKER: """\
A `…_CRON` variable takes five fields: minute, hour, day of the month, month, day of the week.
A sixth in front of them is the second.
""",
}
_EXAMPLE_HEAD = """\
# Settings of Sanderling; made by tools/write-config-docs from config/variables.
# Copy it to .env in the home and remove the # before what you want to change.
# docs/reference/configuration.md tells what each kind of value looks like.
"""
_EXAMPLE_WIDTH = 96


def reference_page() -> str:
    """Return `docs/reference/configuration.md`."""
    return "\n".join([_PAGE_HEAD, *_sections(), _PAGE_FOOT])


def env_example() -> str:
    """Return `.env.example`."""
    lines = [_EXAMPLE_HEAD]
    for model in GROUPS:
        lines.append(f"\n# --- {model.group.heading} ---\n")
        for variable in _variables(model.group):
            about = f"{variable.description} ({', '.join(_facts(variable, plain=True))})"
            lines += [f"\n# {line}" for line in wrap(about, _EXAMPLE_WIDTH)]
            lines.append(f"\n# {variable.name}={_quoted(variable.default_text)}\n")
    return "".join(lines)


def _variables(group: Group) -> list[Variable]:
    return [variable for variable in CATALOGUE if variable.group is group]


def _sections() -> Iterator[str]:
    for model in GROUPS:
        group = model.group
        rows = "\n".join(_row(variable) for variable in _variables(group))
        yield (
            f"## {group.heading}\n\n{model.__doc__}\n{_NOTES.get(group, '')}\n"
            f"| variable | takes | default | meaning |\n|---|---|---|---|\n{rows}\n"
        )


def _row(variable: Variable) -> str:
    first, *others = (f"`{name}`" for name in variable.names)
    names = f"{first} (or {', '.join(others)})" if others else first
    default = f"`{variable.default_text}`" if variable.default_text else "none"
    needed = ""
    if variable.required_if:
        conditions = [f"`{each.name}` is `{each.value}`" for each in variable.required_if]
        needed = f" Required while {' or '.join(conditions)}."
    facts = ", ".join(_facts(variable, plain=False))
    return f"| {names} | {facts} | {default} | {variable.description}{needed} |"


def _facts(variable: Variable, *, plain: bool) -> Iterator[str]:
    words = variable.words if plain else [f"`{word}`" for word in variable.words]
    unit = f" in {variable.unit}" if variable.unit and variable.unit is not Unit.SECONDS else ""
    yield ", ".join(words) if variable.kind is Kind.ENUM else f"{variable.kind}{unit}"
    marks = {
        "environment": variable.is_env_only,
        "restart": variable.needs_restart,
        "planned": variable.is_planned,
    }
    yield from (mark if plain else f"*{mark}*" for mark, is_set in marks.items() if is_set)


def _quoted(text: str) -> str:
    return f'"{text}"' if set(text) & set(" #*$") else text
