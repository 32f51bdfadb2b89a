"""Knows the accounts that people connected, and keeps their consent alive."""
