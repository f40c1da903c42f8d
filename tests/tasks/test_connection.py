"""Connections to Redis, what they are called in messages, and what is worth waiting for."""

import threading
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.connection import address
from workfleet.tasks.errors import ConfigurationError, FleetUnavailable
from workfleet.tasks.sync_client import Client
from workfleet.workers.embedded.config import ServerConfig, free_port

from ..redis_process import running_redis


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Redis that asks for a password."""
    folder = tmp_path_factory.mktemp("guarded")
    config = ServerConfig(folder=folder, port=free_port(), durable=False, password=SecretStr("the-right-one"))
    with running_redis(config):
        yield config.port


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://:secret@host:6379/0", "redis://host:6379/0"),
        ("rediss://user:sec@ret@host/2", "rediss://host/2"),
        ("redis://host/0?username=u&password=secret", "redis://host/0"),
        ("redis://host/0?password=sec@ret", "redis://host/0"),
        ("unix:///run/redis.sock?password=secret", "unix:///run/redis.sock"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
    ],
)
def test_an_address_tells_no_login(url: str, said: str) -> None:
    assert address(SecretStr(url)) == said


@pytest.mark.parametrize("url", ["localhost", "http://host/secret", "redis://:se?cret@host/0", "redis://host:p/0", ""])
def test_a_url_that_cannot_be_read_is_refused_and_leaves_no_thread(url: str) -> None:
    before = threading.active_count()
    with pytest.raises(ConfigurationError) as refused:
        Client(url)
    assert str(refused.value) == "the URL of Redis cannot be read; it is to be like redis://:PASSWORD@HOST:6379/0"
    assert threading.active_count() == before


@pytest.mark.parametrize("login", ["", ":wrong@", "nobody:wrong@"], ids=["no password", "another one", "another user"])
async def test_a_refused_password_is_told_at_once(guarded: int, login: str) -> None:
    began = time.monotonic()
    with pytest.raises(FleetUnavailable, match=rf"Redis at redis://127\.0\.0\.1:{guarded}/0 refuses the password"):
        async with AsyncClient(f"redis://{login}127.0.0.1:{guarded}/0", wait_for_redis_s=60):
            pass
    assert time.monotonic() - began < 10


async def test_the_right_password_may_stand_among_the_options(guarded: int) -> None:
    async with AsyncClient(f"redis://127.0.0.1:{guarded}/0?password=the-right-one") as client:
        assert (await client.snapshot()).nodes == ()
