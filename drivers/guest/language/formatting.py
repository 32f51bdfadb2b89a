"""`str.format` without the door: fields name arguments only, never their attributes or items.

The built-in method follows `{0.__class__}` in C, past every guard.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    _Parsed: TypeAlias = Iterable[tuple[str, str | None, str, str | None]]

_parsed: Callable[[str], _Parsed] = __import__("_string").formatter_parser
_MAX_NESTING = 2


def bound_format(text: str, name: str) -> Callable[..., str]:
    """Return `text.format` or `text.format_map` for user code."""
    template = str.__str__(text)
    if name == "format":

        def render(*args: object, **kwargs: object) -> str:
            return _render(template, args, kwargs)

        return _as_built_in(render, name)

    def render_map(mapping: Mapping[str, object], /) -> str:
        return _render(template, None, mapping)

    return _as_built_in(render_map, name)


def _as_built_in(function: Callable[..., str], name: str) -> Callable[..., str]:
    """Let `function` speak of itself in errors by the name that users call it by."""
    function.__name__ = name
    function.__qualname__ = f"str.{name}"
    function.__module__ = "builtins"
    return function


def unbound_format(name: str) -> Callable[..., str]:
    """Return `str.format` or `str.format_map` as functions of the template."""
    return _format if name == "format" else _format_map


def _format(template: str, /, *args: object, **kwargs: object) -> str:
    return _render(str.__str__(template), args, kwargs)


def _format_map(template: str, mapping: Mapping[str, object], /) -> str:
    return _render(str.__str__(template), None, mapping)


def _render(
    template: str,
    args: tuple[object, ...] | None,
    named: Mapping[str, object],
) -> str:
    return _Rendering(args, named).text(template, _MAX_NESTING)


_as_built_in(_format, "format")
_as_built_in(_format_map, "format_map")


class _Rendering:
    """One call of format: the arguments and the count of fields numbered so far."""

    __slots__ = ("args", "named", "next_index")

    def __init__(self, args: tuple[object, ...] | None, named: Mapping[str, object]) -> None:
        self.args = args
        self.named = named
        self.next_index: int | None = 0

    def text(self, template: str, nesting: int) -> str:
        """Render one template; a format spec is one, too."""
        if nesting == 0:
            raise ValueError("Max string recursion exceeded")
        parts: list[str] = []
        for literal, field, spec, conversion in _parsed(template):
            parts.append(literal)
            if field is not None:
                value = _converted(self._value(field), conversion)
                parts.append(format(value, self.text(spec, nesting - 1) if spec else ""))
        return "".join(parts)

    def _value(self, field: str) -> object:
        if "." in field or "[" in field:
            raise ValueError(
                f"the field {{{field}}} is not available here: "
                "fields name arguments only; read attributes and items first, or use an f-string"
            )
        if field and not field.isdecimal():
            return self.named[field]
        if self.args is None:
            raise ValueError("Format string contains positional fields")
        return self.args[self._index(field)]

    def _index(self, field: str) -> int:
        if field:
            if self.next_index:
                raise ValueError(
                    "cannot switch from automatic field numbering to manual field specification"
                )
            self.next_index = None
            return int(field)
        if self.next_index is None:
            raise ValueError(
                "cannot switch from manual field specification to automatic field numbering"
            )
        index = self.next_index
        self.next_index += 1
        return index


def _converted(value: object, conversion: str | None) -> object:
    if conversion is None:
        return value
    if conversion == "s":
        return str(value)
    if conversion == "r":
        return repr(value)
    if conversion == "a":
        return ascii(value)
    raise ValueError(f"Unknown conversion specifier {conversion!r}")
