"""Run users' Python functions safely, keep mail and calendars in sync, change settings live."""
