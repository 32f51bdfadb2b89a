"""Collects what a source may not contain, with a place and a hint for each."""

import ast
from dataclasses import replace

from RestrictedPython.transformer import RestrictingNodeTransformer

from drivers.guest.language import hints
from drivers.guest.language.lines import Lines
from drivers.guest.language.rejection import Problem

_MAX_PROBLEMS = 20


class Rejecting(RestrictingNodeTransformer):
    """RestrictedPython's transformer, reporting into `problems`."""

    def __init__(
        self,
        errors: list[str] | None = None,
        warnings: list[str] | None = None,
        used_names: dict[str, bool] | None = None,
        *,
        lines: Lines | None = None,
    ) -> None:
        super().__init__(errors, warnings, used_names)
        self._lines = lines or Lines("")
        self.problems: list[Problem] = []

    def reject(self, node: ast.AST, reason: str, hint: str = "") -> None:
        """Note one problem at the place of `node`."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(self._lines.place(node, reason, hint))

    # RestrictedPython reports through these two.

    def error(self, node: ast.AST, info: str) -> None:
        """Note a problem that RestrictedPython found."""
        self.reject(node, info[:1].upper() + info[1:])

    def not_allowed(self, node: ast.AST) -> None:
        """Note a statement that the language does not have, with what to write instead."""
        name = type(node).__name__
        said = _SPELLING.get(name, name)
        self.reject(node, f"{said} is not available here.", hints.STATEMENT_HINTS.get(name, ""))

    # Names

    def check_name(
        self,
        node: ast.AST,
        name: str | None,
        allow_magic_methods: bool = False,  # noqa: FBT001, FBT002 - the parent's signature
    ) -> None:
        """Refuse every name that RestrictedPython refuses, with a hint."""
        before = len(self.problems)
        super().check_name(node, name, allow_magic_methods)  # type: ignore[arg-type]  # it only reads the place
        if len(self.problems) > before:
            last = self.problems[-1]
            reason = last.reason
            hint = ""
            if name and name.startswith("_"):
                reason = f'The name "{name}" starts with an underscore.'
                hint = hints.UNDERSCORE_NAME
            if name == "__name__":
                hint = hints.MAIN_BLOCK
            elif allow_magic_methods and name and name.startswith("__"):
                hint = hints.UNDERSCORE_METHOD
            self.problems[-1] = replace(last, reason=reason, hint=hint)


_SPELLING = {
    "AsyncFor": "async for",
    "AsyncFunctionDef": "async def",
    "AsyncWith": "async with",
    "Await": "await",
    "Match": "match",
    "Nonlocal": "nonlocal",
    "ParamSpec": "A type parameter",
    "TemplateStr": "A template string",
    "TryStar": "except*",
    "TypeAlias": "A type statement",
    "TypeVar": "A type parameter",
    "TypeVarTuple": "A type parameter",
}
