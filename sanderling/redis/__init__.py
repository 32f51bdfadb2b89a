"""Implements the rooms' ports on Redis."""

from sanderling.redis.connection import check_redis_url, try_redis
from sanderling.redis.hints import RedisHints

__all__ = ["RedisHints", "check_redis_url", "try_redis"]
