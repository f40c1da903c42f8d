"""Calls to Redis that outlast its absence."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from workfleet.workers.patience import persist


def fails(times: int) -> Callable[[], Awaitable[int]]:
    """A call that succeeds after so many failures; it returns how often it was made."""
    made = 0

    async def call() -> int:
        nonlocal made
        made += 1
        if made <= times:
            raise RedisConnectionError("refused")
        return made

    return call


async def test_a_call_is_repeated_until_it_succeeds() -> None:
    assert await persist(fails(3), pause_s=0.0) == 4


async def test_it_ends_with_the_error_when_its_patience_does() -> None:
    with capture_logs() as logs, pytest.raises(RedisConnectionError, match="refused"):
        await persist(fails(10), patience_s=0.0, pause_s=0.0)
    assert [entry["event"] for entry in logs] == ["redis.lost"]


async def test_an_absence_is_told_once_however_many_calls_wait_for_its_end() -> None:
    with capture_logs() as logs:
        for _ in range(2):
            assert await asyncio.gather(*(persist(fails(times), pause_s=0.0) for times in (1, 2, 3))) == [2, 3, 4]
    assert [entry["event"] for entry in logs] == ["redis.lost", "redis.returned"] * 2
    assert logs[0]["error"] == "refused"


async def test_a_call_that_succeeds_at_once_tells_nothing() -> None:
    with capture_logs() as logs:
        assert await persist(fails(0)) == 1
    assert logs == []
