"""Speaks with providers of mail and calendars over their REST interfaces."""
