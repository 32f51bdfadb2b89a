"""The chain of schema changes, one for both databases."""
