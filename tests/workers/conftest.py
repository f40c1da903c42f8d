"""The fleets that most tests of a job's way through pools run in."""

from collections.abc import AsyncIterator

import pytest

from .pools import Fleet, fleet, hosted, provider


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[Fleet]:
    """A local provider before a hosted one."""
    async with fleet(redis_url, provider("one"), hosted("two")) as pools:
        yield pools


@pytest.fixture
async def alone(redis_url: str) -> AsyncIterator[Fleet]:
    async with fleet(redis_url, provider("one")) as pools:
        yield pools
