"""Every port is held to its words by a contract suite."""

import ast
import re
from pathlib import Path

import pytest

from support.house import ROOMS, ROOT, parsed, python_files

_NAMED_SUITE = re.compile(r"`(tests/contract/test_\w+_contract\.py)`")


def _ports() -> dict[str, Path]:
    """Return the contract suite of each public Protocol class of the rooms.

    A port may name its suite in its docstring; otherwise the suite is named after the port.
    """
    suites = dict[str, Path]()
    for path in python_files(*ROOMS):
        for node in parsed(path).body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
                continue
            if not any(ast.unparse(base).startswith("Protocol") for base in node.bases):
                continue
            named = _NAMED_SUITE.search(ast.get_docstring(node) or "")
            snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower()
            suites[node.name] = ROOT / (
                named[1] if named else f"tests/contract/test_{snake}_contract.py"
            )
    return suites


def test_there_are_ports() -> None:
    """The search finds the ports that everybody knows."""
    assert {"Driver", "FunctionStore", "Limiter", "Clock"} <= set(_ports())


@pytest.mark.parametrize("port", _ports())
def test_a_port_has_a_contract_suite(port: str) -> None:
    """Every port's promises are tested, once for all its implementations."""
    suite = _ports()[port]

    assert suite.exists()
    assert suite.read_text().count("def test_") >= 3
