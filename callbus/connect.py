"""Connections to Redis whose failures are seen by the caller."""

import asyncio
import logging
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_SECONDS = 2.0
# With a socket time-out redis-py loses most cancellations on Python 3.11.
SOCKET_TIMEOUT_SECONDS = None if sys.version_info < (3, 12) else 5.0


def connect(url: str) -> Redis:
    """A client that never repeats a command by itself: a repeated XADD would be a doubled message."""
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        health_check_interval=0,
    )


def redacted(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 6379}{parts.path}"


async def wait_for_redis(redis: Redis, url: str, *, retry_seconds: float = 1.0) -> None:
    """Return when Redis answers; until then say once a second what is wrong.

    Cancelling it is the only other way out.
    """
    while True:
        try:
            await redis.ping()
        except (RedisError, OSError) as error:
            log.error("Redis at %s: %s; trying again in %g s", redacted(url), _cure(error), retry_seconds)
            await asyncio.sleep(retry_seconds)
        else:
            return


def _cure(error: Exception) -> str:
    if isinstance(error, AuthenticationError):
        return f"{error}; check user and password in REDIS_URL"
    if isinstance(error, ResponseError):
        return f"refused: {str(error).partition('. ')[0]}; check REDIS_URL and the server's configuration"
    return f"not reachable ({type(error).__name__}); check REDIS_URL and that the server runs"


ConnectionFactory = Callable[[str], Redis]
