"""Speaks with Gmail and Google Calendar."""
