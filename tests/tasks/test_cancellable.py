"""A task that talks to Redis ends when it is cancelled, wherever that finds it."""

import asyncio

import pytest
from pydantic import SecretStr

from workfleet.tasks.connection import connect


@pytest.mark.parametrize("steps", range(25))
async def test_a_cancelled_task_ends(redis_url: str, steps: int) -> None:
    async with connect(SecretStr(redis_url)) as client:

        async def talk() -> None:
            while True:
                await client.get("key")

        task = asyncio.create_task(talk())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done
        assert task.cancelled()


async def test_the_connections_go_on_working_after_cancellations(redis_url: str) -> None:
    async with connect(SecretStr(redis_url)) as client:
        for steps in range(25):
            task = asyncio.create_task(client.set("key", steps))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            assert await client.echo(f"{steps}") == f"{steps}".encode()
