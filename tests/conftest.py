"""What every test may ask for. Redis is never faked: each test process has a real server of its own."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping

import pytest
import redis
import structlog
from hypothesis import settings

from workfleet.workers.embedded.config import ServerConfig, free_port

from .acme import install, install_acme
from .redis_process import running_redis

# What tests start is not measured: it would be as much slower, and tests of times would see it.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("COVERAGE_PROCESS_START", None)

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


@pytest.fixture
def acme_installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of docs/providers.md."""
    folder = tmp_path_factory.mktemp("site-packages")
    install_acme(folder)
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def install_package(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a package: its code, its entry points by group and name, its own name and version."""

    def install_one(module: str, entry_points: Mapping[str, Mapping[str, str]], **about: str) -> None:
        folder = tmp_path_factory.mktemp("site-packages")
        install(folder, module, entry_points, **about)
        monkeypatch.syspath_prepend(str(folder))

    return install_one


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
