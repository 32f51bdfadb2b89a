"""Carries tickets with docket, within a process or over Redis."""

from sanderling.docket.engine import DocketEngine
from sanderling.docket.memory_engine import MemoryEngine

__all__ = ["DocketEngine", "MemoryEngine"]
