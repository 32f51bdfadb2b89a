"""Builds a Snapshot, whole or not at all, from what was found and what is stored."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from config.catalogue import BY_FIELD, BY_NAME, CATALOGUE, IN_DATABASE
from config.errors import ConfigRejected, Problem, SecretUnreadableError
from config.layers import Layers, Texts, read_layers
from config.ports import Sealer
from config.resolution import resolve, value_of
from config.rules import RULES, Rule
from config.secrets import secret_place
from config.snapshot import Snapshot, Source
from config.stored import StoredBody
from config.variables import Settings

MAX_TEXT_CHARACTERS = 32_768
_SAID_BY_PYDANTIC = "Value error, "


def load_snapshot(*, home: Path | None = None, env_file: Path | None = None) -> Snapshot:
    """Return the settings of this process as far as it knows them without the database.

    Each variable is validated by itself. Where settings may come from the database, whether they
    go together is seen once that is read.

    Raises:
        ConfigRejected: variables whose value cannot be used.

    """
    layers = read_layers(home=home, env_file=env_file)
    return build_snapshot(layers, rules=() if is_database_read(layers) else RULES)


def is_database_read(layers: Layers) -> bool:
    """Claim that what the database holds counts for a process with these layers."""
    variable = BY_NAME[IN_DATABASE]
    resolved = resolve(layers, {}).get(IN_DATABASE)
    try:
        return bool(value_of(variable, resolved.text) if resolved else variable.default)
    except ValidationError:
        return False


def build_snapshot(
    layers: Layers,
    body: StoredBody | None = None,
    *,
    sealer: Sealer | None = None,
    rules: Sequence[Rule] = RULES,
) -> Snapshot:
    """Return the settings that `layers` and `body` give together; pure.

    Without a `body` nothing is stored. `sealer` opens what is secret in it.

    Raises:
        ConfigRejected: every problem there is with single values, else with how they go together.

    """
    stored = body if body is not None and is_database_read(layers) else StoredBody()
    require_whole(stored)
    opened, problems = _opened(stored, sealer)
    resolved = resolve(layers, opened)
    texts = {name: each.text for name, each in resolved.items()}
    problems += [problem for name, text in texts.items() for problem in check_text(name, text)]
    settings = _validated({**layers.defaults, **texts}, problems)
    broken = [problem for rule in rules for problem in rule(settings)]
    if broken:
        raise ConfigRejected(broken)
    return Snapshot(
        revision=stored.revision,
        settings=settings,
        sources={
            **dict.fromkeys((variable.name for variable in CATALOGUE), Source.DEFAULT),
            **{name: each.source for name, each in resolved.items()},
        },
        hidden={name: each.hides for name, each in resolved.items() if each.hides},
        ignored=tuple(name for name in sorted(stored.values) if name not in opened),
        layers=layers,
    )


def require_whole(body: StoredBody) -> None:
    """Pass a body that could be read.

    Raises:
        ConfigRejected: it could not.

    """
    if body.is_damaged:
        reason = "what is stored cannot be read; `sanderling config rollback` goes back"
        raise ConfigRejected([Problem(f"revision {body.revision}", reason)])


def check_text(name: str, text: str) -> Iterator[Problem]:
    """Yield what keeps a raw text from being stored or passed on, whatever it means."""
    if len(text) > MAX_TEXT_CHARACTERS:
        yield Problem(name, f"it is longer than {MAX_TEXT_CHARACTERS} characters")
    elif "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        yield Problem(name, "it holds what is no text of Unicode")


def _opened(stored: StoredBody, sealer: Sealer | None) -> tuple[Texts, list[Problem]]:
    """Return the raw texts that count in a body, secrets opened; what cannot be opened is told."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for name, text in stored.values.items():
        variable = BY_NAME.get(name)
        if variable is None or variable.name != name or variable.is_env_only:
            continue
        texts[name] = text
        if not variable.is_sensitive:
            continue
        try:
            if sealer is None:
                raise SecretUnreadableError(place=name, reason="there is no key")  # noqa: TRY301 - one way out.
            texts[name] = sealer.open(text, secret_place(name))
        except SecretUnreadableError as error:
            problems.append(Problem(name, f"{error.facts['reason']}; set it again"))
    return texts, problems


def _validated(texts: Texts, problems: Sequence[Problem]) -> Settings:
    found = list(problems)
    try:
        settings = Settings.model_validate(texts)
    except ValidationError as error:
        found += [
            Problem(BY_FIELD[str(each["loc"][0])].name, each["msg"].removeprefix(_SAID_BY_PYDANTIC))
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise ConfigRejected(_in_order(found)) from None
    if found:
        raise ConfigRejected(_in_order(found))
    return settings


def _in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Return one problem for each variable, the first that was found, as the page lists them."""
    first = {problem.name: problem for problem in reversed(problems)}
    return [first[variable.name] for variable in CATALOGUE if variable.name in first]
