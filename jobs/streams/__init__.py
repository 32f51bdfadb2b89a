"""Keeps what is synced of each account and channel going: due by rows, one worker at a time."""
