"""Brings mail and calendars of connected accounts into records, and misses no change."""
