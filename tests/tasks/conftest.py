"""A client of a Redis of its own, and its store of jobs."""

from collections.abc import AsyncIterator

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.store import Store


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


@pytest.fixture
def store(client: AsyncClient) -> Store:
    return client.store
