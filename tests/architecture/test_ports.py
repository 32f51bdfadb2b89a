"""Every port is held to its words by a contract suite."""

import ast
import re

import pytest

from support.house import ROOMS, ROOT, module_name, parsed, python_files


def _ports() -> dict[str, str]:
    """Return the public Protocol classes of the rooms, each with its module."""
    return {
        node.name: module_name(path)
        for path in python_files(*ROOMS)
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for base in node.bases
        if ast.unparse(base).partition("[")[0] == "Protocol"
    }


def test_there_are_ports() -> None:
    """The search finds the ports that everybody knows."""
    assert {"Driver", "FunctionStore", "Limiter", "Clock"} <= set(_ports())


@pytest.mark.parametrize("port", _ports())
def test_a_port_has_a_contract_suite(port: str) -> None:
    """One suite, named after the port, imports it and is full of tests."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", port).lower()
    suite = ROOT / "tests" / "contract" / f"test_{snake}_contract.py"

    assert suite.exists()
    imported = {
        f"{node.module}.{name.name}"
        for node in ast.walk(parsed(suite))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert f"{_ports()[port]}.{port}" in imported
    assert suite.read_text().count("def test_") >= 3
