"""Implements the rooms' ports on Redis."""

from sanderling.redis.connection import check_redis_url, try_redis
from sanderling.redis.hints import RedisHints
from sanderling.redis.limiter import RedisLimiter
from sanderling.redis.progress import RedisProgress
from sanderling.redis.scripts import RedisScript
from sanderling.redis.sharing import Sharing
from sanderling.redis.slots import RedisSlots
from sanderling.redis.turns import RedisTurns

__all__ = [
    "RedisHints",
    "RedisLimiter",
    "RedisProgress",
    "RedisScript",
    "RedisSlots",
    "RedisTurns",
    "Sharing",
    "check_redis_url",
    "try_redis",
]
