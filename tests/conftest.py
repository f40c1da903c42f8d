"""What every test may ask for. Redis is never faked: each test process has a real server of its own."""

import logging
from collections.abc import Iterator

import pytest
import redis
import structlog
from hypothesis import settings

from workfleet.workers.embedded.config import ServerConfig, free_port

from .redis_process import running_redis

# A law that holds slowly on a busy machine holds all the same.
settings.register_profile("workfleet", deadline=None)
settings.load_profile("workfleet")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that a test runs in this process sets up the logs of all of it, and of the tests after."""
    loggers = (logging.getLogger(), logging.getLogger("workfleet"))
    before = [(each, each.handlers[:], each.level) for each in loggers]
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    for each, handlers, level in before:
        each.handlers[:] = handlers
        each.setLevel(level)


@pytest.fixture(scope="session")
def redis_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of this test process' server, which keeps nothing on disk. Tests want `redis_url`."""
    config = ServerConfig(folder=tmp_path_factory.mktemp("redis"), port=free_port(), durable=False)
    with running_redis(config):
        yield config.url


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """The URL of a real and empty Redis."""
    with redis.Redis.from_url(redis_server_url) as client:
        client.flushall()
    return redis_server_url
