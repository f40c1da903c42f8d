"""What becomes of messages between Redis and Celery."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kombu import Connection

from workfleet.routing.lanes import Priority
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec
from workfleet.tasks.messages import list_key
from workfleet.workers.pool.transport import Transport

LANE = "general.simple"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


@pytest.mark.parametrize("priority", Priority)
async def test_a_message_that_came_as_its_lane_was_closed_is_next_for_others(
    client: AsyncClient, redis_url: str, priority: Priority
) -> None:
    for _ in range(2):
        await client.submit(JobSpec.from_prompt("hi", priority=priority))
    lane = list_key(LANE, priority)
    waiting = await client.redis.lrange(lane, 0, -1)
    taken = await client.redis.rpop(lane)
    options = {"ack_emulation": False, "priority_steps": [0, 3, 6]}
    with Connection(redis_url, transport=Transport, transport_options=options) as connection:
        connection.default_channel  # noqa: B018 - opens it
        transport: Any = connection.transport
        transport._deliver(json.loads(taken), LANE)
    assert await client.redis.lrange(lane, 0, -1) == waiting
