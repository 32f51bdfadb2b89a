"""Counts how often something happens against several limits at once, all or nothing."""
