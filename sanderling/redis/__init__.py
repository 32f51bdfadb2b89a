"""Implements the rooms' ports on Redis."""

from sanderling.redis.connection import open_redis, redis_health
from sanderling.redis.hints import RedisHints

__all__ = ["RedisHints", "open_redis", "redis_health"]
