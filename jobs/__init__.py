"""Decides what is due, claims it, brings provider data in, announces changes."""
