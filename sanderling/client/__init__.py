"""Calls functions from Python: over HTTP, or in this process, with the same results."""

from sanderling.client.sanderling import Sanderling

__all__ = ["Sanderling"]
