"""More calls than connections wait for their turn."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import MaxConnectionsError

from workfleet.tasks import connection_pool as module
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.connection_pool import PatientPool
from workfleet.tasks.job import JobSpec


@pytest.fixture
async def narrow(redis_url: str) -> AsyncIterator[Any]:
    """A client of two connections."""
    async with Redis.from_pool(PatientPool.from_url(redis_url, max_connections=2)) as client:
        yield client


async def test_calls_beyond_the_connections_wait(narrow: Any) -> None:
    counts = await asyncio.gather(*(narrow.incr("n") for _ in range(100)))
    assert sorted(counts) == list(range(1, 101))


async def test_who_is_cancelled_while_it_waits_takes_nobodys_turn(narrow: Any) -> None:
    holding = [asyncio.create_task(narrow.blpop("nothing", 5)) for _ in range(2)]
    async with asyncio.timeout(10):
        while in_use(narrow) < 2:
            await asyncio.sleep(0)
        waiting = [asyncio.create_task(narrow.incr("n")) for _ in range(50)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        for task in holding:
            task.cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert sorted(each for each in ended if isinstance(each, int)) == list(range(1, 26))


def in_use(client: Any) -> int:
    """Connections in use."""
    return len(client.connection_pool._in_use_connections)


@pytest.mark.parametrize("steps", range(8))
async def test_a_turn_that_comes_to_who_is_just_cancelled_goes_to_the_next(narrow: Any, steps: int) -> None:
    first = [await narrow.connection_pool.get_connection() for _ in range(2)]
    cancelled, next_ = (asyncio.create_task(narrow.connection_pool.get_connection()) for _ in range(2))
    for _ in range(3):
        await asyncio.sleep(0)
    await narrow.connection_pool.release(first[0])
    for _ in range(steps):
        await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait({cancelled})
    if not cancelled.cancelled():
        await narrow.connection_pool.release(cancelled.result())
    async with asyncio.timeout(5):
        await narrow.connection_pool.release(await next_)
    await narrow.connection_pool.release(first[1])


async def test_a_call_that_finds_no_connection_for_long_says_so(narrow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WITHIN_S", 0.05)
    held = [await narrow.connection_pool.get_connection() for _ in range(2)]
    with pytest.raises(MaxConnectionsError, match="Too many connections"):
        await narrow.get("key")
    for each in held:
        await narrow.connection_pool.release(each)
    assert await narrow.get("key") is None


async def test_a_client_takes_any_number_of_calls_at_the_same_time(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        ids = await asyncio.gather(*(client.submit(JobSpec.from_prompt("hi")) for _ in range(600)))
    assert len(set(ids)) == 600
