"""Turns declared variables and raw values into an immutable, numbered Snapshot."""
