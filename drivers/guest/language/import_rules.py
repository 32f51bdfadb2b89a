"""Which imports may be written: modules of the catalogue, and names out of them."""

import ast

from drivers.guest.language import hints
from drivers.guest.language.catalogue import FACADES, FROM_ONLY
from drivers.guest.language.rejecting import Rejecting


class ImportRules(Rejecting):
    """Check imports against the catalogue."""

    _has_listed = False

    def visit_Import(self, node: ast.Import) -> ast.AST:  # noqa: N802 - named by ast
        """Allow modules of the catalogue."""
        for alias in node.names:
            if alias.name not in FACADES:
                self._reject_import(node, alias.name)
            elif alias.name in FROM_ONLY:
                self.reject(
                    node,
                    f"{alias.name} is imported by names here.",
                    hints.IMPORT_HINTS.get(alias.name, ""),
                )
        return self._checked_names(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:  # noqa: N802 - named by ast
        """Allow names out of modules of the catalogue."""
        module = node.module or ""
        if node.level:
            self.reject(
                node,
                "Relative imports are not available here.",
                "A function is one file: put what it needs into it.",
            )
        elif module not in FACADES:
            self._reject_import(node, module)
        elif module in FROM_ONLY:
            for alias in node.names:
                if alias.name not in FROM_ONLY[module] and alias.name != "*":
                    there = ", ".join(sorted(FROM_ONLY[module]))
                    self.reject(node, f"{module} has no {alias.name} here.", f"There is: {there}.")
        return self._checked_names(node)

    def _checked_names(self, node: ast.Import | ast.ImportFrom) -> ast.AST:
        if getattr(node, "is_lazy", 0):
            self.reject(node, "lazy import is not available here.", "Write a plain import.")
        for alias in node.names:
            if "*" in alias.name:
                self.reject(node, "import * is not available here.", hints.STAR_IMPORT)
                continue
            self.check_name(node, alias.name)
            self.check_name(node, alias.asname)
        return node

    def _reject_import(self, node: ast.AST, module: str) -> None:
        hint = hints.IMPORT_HINTS.get(module.partition(".")[0], "")
        there = ""
        if not self._has_listed:
            # Once for each source; every problem would repeat it.
            there = f"There is: {', '.join(sorted(set(FACADES) - {'email', 'urllib'}))}."
            self._has_listed = True
        self.reject(node, f"The module {module} is not available here.", f"{hint} {there}".strip())
