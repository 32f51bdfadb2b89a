"""Bounds that the API and its client share."""

MAX_PAGE = 100
"""The most items that one page of a list can have."""

MAX_NUMBER = 2_147_483_647
"""The highest number of a version that every database can hold."""

MAX_DURATION_MS = 86_400_000.0
"""The longest duration of a call that can be asked for: a day."""

MAX_WAIT_S = 25.0
"""The longest that a request may wait for settings to be in force everywhere."""
