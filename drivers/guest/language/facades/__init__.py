"""Facades for modules of the standard library: `BUILDERS` in each file says which it builds.

Guarantee: what a facade hands out is immutable or made for the caller, has no attribute beyond
the tables, and keeps no state between calls.
"""
