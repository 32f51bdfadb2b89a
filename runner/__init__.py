"""Carries one call past its stations to a recorded outcome."""
