"""Sources beyond a limit are refused, with the limit and both numbers."""

import pytest

from drivers.guest.language.compiler import compile_source
from drivers.guest.language.rejection import CodeRejected, Excess
from support.language import rejection_of


def test_source_size_is_bounded() -> None:
    """A source above the limit is refused with both sizes."""
    with pytest.raises(CodeRejected, match="has 51 bytes; at most 50") as caught:
        compile_source("é" * 25 + "a", source_bytes=50, ast_nodes=100, ast_depth=50)

    assert caught.value.excess == Excess("source_bytes", 50, 51)


def test_node_count_is_bounded() -> None:
    """A source with too many syntax elements is refused with both counts."""
    with pytest.raises(CodeRejected, match="401 syntax elements; at most 100") as caught:
        compile_source("x = 1\n" * 100, source_bytes=5000, ast_nodes=100, ast_depth=50)

    assert caught.value.excess == Excess("ast_nodes", 100, 401)


def test_depth_is_bounded() -> None:
    """Code nested too deeply is refused with its line and both depths."""
    found = rejection_of("a = 1", "x = " + "-" * 100 + "1")

    assert (found.line, found.excess) == (3, Excess("ast_depth", 80, 104))
    assert found.reason == "The code is nested 104 levels deep; at most 80 are allowed."


def test_depth_beyond_the_parser_is_refused_by_the_same_limit() -> None:
    """Where the parser of a Python gives up, nobody counted; others read even that."""
    found = rejection_of("x = " + "-" * 5000 + "1")

    assert found.excess in {Excess("ast_depth", 80, None), Excess("ast_depth", 80, 5004)}
