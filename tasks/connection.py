"""Connections to Redis, and what their failures mean to a caller."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

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
from .connection_pool import PatientPool
from .errors import ConfigurationError, FleetUnavailable

#: Failures that pass without us: Redis restarts, the network is away, or somebody has to make room.
PASSING = (RedisConnectionError, RedisTimeoutError, BusyLoadingError, ReadOnlyError, OutOfMemoryError, RefusedForNow)


_EXAMPLE = "redis://:PASSWORD@HOST:6379/0"

#: An asyncio client of redis-py whose replies are bytes. Its own types mix str with bytes and values with awaitables,
#: so that every call would need a cast; the store's tests run each of them against a real server.
AsyncRedis = Any


def connect(url: SecretStr, *, retries: int = 3, timeout_s: float = 5.0) -> AsyncRedis:
    """A connection pool; nothing is sent yet. retries: of one command, with jittered back-off up to a second.

    Raises ConfigurationError if the URL is none of Redis.
    """
    try:
        pool = PatientPool.from_url(
            url.get_secret_value(),
            socket_connect_timeout=timeout_s,
            socket_timeout=30.0,
            health_check_interval=15,
            retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=1.0), retries),
            retry_on_error=[BusyLoadingError, ReadOnlyError],
            max_connections=256,
        )
    except ValueError:
        # Neither the URL nor what is said of it: both may hold a password.
        raise ConfigurationError(f"the URL of Redis cannot be read; it is to be like {_EXAMPLE}") from None
    return cancellable(Redis.from_pool(pool))


def address(url: SecretStr) -> str:
    """The URL without login and options, which may be passwords, for messages."""
    parts = urlsplit(url.get_secret_value())
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def passes(failed: FleetUnavailable) -> bool:
    """Whether it may be over in a while without anybody's help; a password that is refused is refused again."""
    return isinstance(failed.__cause__, PASSING) and not isinstance(failed.__cause__, AuthenticationError)


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
            f"Redis at {where} does not answer: {str(failed).rstrip('.')}; is it running? (fleet up starts one)"
        ) from failed
    except ResponseError as failed:
        raise FleetUnavailable(f"Redis at {where} refuses a command: {failed}") from failed
    except RedisError as failed:
        raise FleetUnavailable(f"Redis at {where}: {failed}") from failed
