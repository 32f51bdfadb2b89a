"""Decides, for each variable, which raw text counts, and remembers where it came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from config.catalogue import CATALOGUE, HOME, Variable
from config.declaration import HAS_EMPTY_VALUE
from config.layers import Layers, Texts
from config.snapshot import Source
from config.variables import Settings


@dataclass(frozen=True, slots=True)
class Resolved:
    """The text that counts, and the next place that has another value, which it hides."""

    source: Source
    text: str = field(repr=False)
    hides: Source | None = None


def resolve(layers: Layers, stored: Texts) -> Mapping[str, Resolved]:
    """Return what counts, by name, for each variable that is set anywhere.

    An argument wins, then the database, then the environment, then the .env file. What only the
    environment may set is not looked for in the database. A text is there or it is not: one
    that equals the default, or is empty where that is a value, counts like any other.
    """
    resolved: dict[str, Resolved] = {}
    for variable in CATALOGUE:
        found = list(_found(variable, layers, stored))
        if found:
            source, text = found[0]
            others = (
                other for other, text_there in found[1:] if _differ(variable, text, text_there)
            )
            resolved[variable.name] = Resolved(source, text, next(others, None))
    return resolved


def value_of(variable: Variable, text: str) -> object:
    """Return what `text` means for this variable alone.

    Raises:
        ValidationError: it means nothing.

    """
    value: object = getattr(Settings.model_validate({variable.name: text}), variable.field)
    return value


def _found(variable: Variable, layers: Layers, stored: Texts) -> Iterator[tuple[Source, str]]:
    places: list[tuple[Source, Texts]] = [
        (Source.ARGUMENT, layers.arguments),
        (Source.DATABASE, {} if variable.is_env_only else stored),
        (Source.ENVIRONMENT, layers.environment),
        (Source.ENV_FILE, {} if variable.name == HOME else layers.env_file),
    ]
    for source, texts in places:
        for name in variable.names:
            text = texts.get(name)
            if text is not None and (text or source is Source.DATABASE or _has_empty(variable)):
                yield source, text
                break


def _has_empty(variable: Variable) -> bool:
    """Claim that an empty text is a value; else one in the environment is as good as none."""
    return variable.kind in HAS_EMPTY_VALUE and variable.name != HOME and _means(variable, "")


def _means(variable: Variable, text: str) -> bool:
    try:
        value_of(variable, text)
    except ValidationError:
        return False
    return True


def _differ(variable: Variable, one: str, other: str) -> bool:
    if one == other:
        return False
    try:
        return value_of(variable, one) != value_of(variable, other)
    except ValidationError:
        return True
