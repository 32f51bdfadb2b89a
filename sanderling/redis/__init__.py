"""Implements the rooms' ports on Redis."""

from sanderling.redis.connection import try_redis
from sanderling.redis.hints import RedisHints

__all__ = ["RedisHints", "try_redis"]
