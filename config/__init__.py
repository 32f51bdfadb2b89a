"""Turns declared variables and raw values into a numbered Snapshot, and tells subscribers."""
