"""Connections to Redis, and what their failures mean to a caller."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from .cancellable import RefusedForNow, cancellable
from .errors import FleetUnavailable

#: Failures that pass without us: Redis restarts, the network is away, or somebody has to make room.
PASSING = (RedisConnectionError, RedisTimeoutError, BusyLoadingError, ReadOnlyError, OutOfMemoryError, RefusedForNow)


#: An asyncio client of redis-py whose replies are bytes. Its own types mix str with bytes and values with awaitables,
#: so that every call would need a cast; the store's tests run each of them against a real server.
AsyncRedis = Any


def connect(url: SecretStr, *, retries: int = 3, timeout_s: float = 5.0) -> AsyncRedis:
    """A connection pool; nothing is sent yet. retries: of one command, with jittered back-off up to a second."""
    client = Redis.from_url(
        url.get_secret_value(),
        socket_connect_timeout=timeout_s,
        socket_timeout=30.0,
        health_check_interval=15,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=1.0), retries),
        retry_on_error=[BusyLoadingError, ReadOnlyError],
        max_connections=256,
    )
    return cancellable(client)


def address(url: SecretStr) -> str:
    """The URL without its password, for messages."""
    text = url.get_secret_value()
    scheme, _, rest = text.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


@contextmanager
def translated(url: SecretStr) -> Generator[None]:
    """Redis' errors as FleetUnavailable, with the address and what to do."""
    where = address(url)
    try:
        yield
    except AuthenticationError as failed:
        raise FleetUnavailable(f"Redis at {where} refuses the password: {failed}; check FLEET_REDIS_URL") from failed
    except OutOfMemoryError as failed:
        raise FleetUnavailable(f"Redis at {where} is full (maxmemory); raise it or remove finished jobs") from failed
    except RefusedForNow as failed:
        raise FleetUnavailable(f"Redis at {where} takes no writes now: {failed}") from failed
    except PASSING as failed:
        raise FleetUnavailable(
            f"Redis at {where} does not answer: {failed}; is it running? (fleet up starts one)"
        ) from failed
    except ResponseError as failed:
        raise FleetUnavailable(f"Redis at {where} refuses a command: {failed}") from failed
    except RedisError as failed:
        raise FleetUnavailable(f"Redis at {where}: {failed}") from failed
