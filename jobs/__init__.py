"""Decides what is due, claims it, brings provider data in, announces changes.

The room is named so that its floor is held from the first day; its first jobs arrive with the
worker.
"""
