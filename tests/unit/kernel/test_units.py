"""Sizes are powers of two."""

from sanderling.kernel.units import KIB, MIB


def test_sizes_are_binary() -> None:
    """A KiB is 1024 bytes and a MiB 1024 of those."""
    assert (KIB, MIB) == (2**10, 2**20)
