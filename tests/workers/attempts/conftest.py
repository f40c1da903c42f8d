"""Fleets of as many providers and hosts as a test asks for."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ..pools import Fleet, fleet


@pytest.fixture
async def make(redis_url: str) -> AsyncIterator[Any]:
    """A fleet on one host; another one is another host of the same."""
    async with AsyncExitStack() as stack:

        async def made(*settings: Any) -> Fleet:
            return await stack.enter_async_context(fleet(redis_url, *settings))

        yield made
