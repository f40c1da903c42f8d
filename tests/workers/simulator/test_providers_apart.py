"""One simulator is all providers at once: what happens to one of them does not happen to the others."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from workfleet.workers.simulator import Settings, Simulator

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 8}

GROQ, TOGETHER, ANTHROPIC = "/groq/v1/chat/completions", "/together/v1/chat/completions", "/anthropic/v1/messages"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def status(client: aiohttp.ClientSession, sim: Simulator, path: str) -> int:
    async with client.post(sim.base_url + path, json=CHAT) as response:
        return response.status


async def test_a_fault_is_at_the_provider_that_it_is_switched_on_for(client: aiohttp.ClientSession) -> None:
    async with Simulator(faults=["http-503:provider=groq", "http-529:provider=anthropic"]) as sim:
        assert [await status(client, sim, path) for path in (GROQ, TOGETHER, ANTHROPIC)] == [503, 200, 529]
        await sim.switch_off("http-503:provider=groq")
        assert [await status(client, sim, path) for path in (GROQ, TOGETHER, ANTHROPIC)] == [200, 200, 529]


async def test_a_fault_of_the_usual_flavour_is_met_without_its_name_too(client: aiohttp.ClientSession) -> None:
    async with Simulator(Settings(flavour="groq"), faults=["http-503:provider=groq"]) as sim:
        assert await status(client, sim, "/v1/chat/completions") == 503
        assert await status(client, sim, "/openai/v1/chat/completions") == 503  # groq's own path
        assert await status(client, sim, TOGETHER) == 200


@pytest.mark.parametrize("limit_per", ["model", "account"])
async def test_each_provider_has_limits_of_its_own(client: aiohttp.ClientSession, limit_per: str) -> None:
    async with Simulator(Settings().changed({"rpm": 1, "limit_per": limit_per})) as sim:
        for expected in (200, 429):
            assert [await status(client, sim, path) for path in (GROQ, TOGETHER, ANTHROPIC)] == [expected] * 3
