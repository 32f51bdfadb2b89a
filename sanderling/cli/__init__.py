"""Parses words, calls wiring."""

from sanderling.cli.app import main

__all__ = ["main"]
