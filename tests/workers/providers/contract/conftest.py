"""One sender for the tests of a module; a simulator costs less than a millisecond, so each test has its own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Settings, Simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sender() -> AsyncIterator[Sender]:
    async with Sender() as sender:
        yield sender


@pytest_asyncio.fixture(loop_scope="module")
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(answer_tokens=12, embedding_dimensions=8)) as simulator:
        yield simulator
