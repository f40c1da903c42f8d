"""A pool keeps the models of an Ollama server within a budget of memory."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from workfleet.routing.lanes import Priority
from workfleet.tasks.job import Job, JobSpec, JobState
from workfleet.workers.endpoints.availability import Unavailable
from workfleet.workers.endpoints.probing import probe
from workfleet.workers.endpoints.upstream import Upstream
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Settings, Simulator

from ..pools import provider, until

JOB = Job("id", JobState.RUNNING, "general", "general.simple", Priority.BATCH, 2, "me", 0.0, 1.0, "general.simple")


@pytest.fixture
async def server() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(models=("small", "other"), load_s=0.01, answer_tokens=4)) as simulator:
        yield simulator


@pytest.fixture
async def upstream(server: Simulator) -> AsyncIterator[Upstream]:
    """Of two models of 0.4 GB, one fits."""
    ollama = provider("ollama", type="ollama", base_urls=(f"{server.base_url}/ollama",), memory_gb=0.6)
    async with Sender() as sender:
        made = Upstream.of(ollama, ollama.endpoints(), sender)
        await probe(made)
        yield made


async def ask(upstream: Upstream, model: str) -> str:
    return (await upstream.ask(JOB, JobSpec.from_prompt("hi"), model, time_left_s=60.0)).model


async def in_memory(upstream: Upstream) -> dict[str, float]:
    """As the server says."""
    await probe(upstream)
    return upstream.endpoints()[0].in_memory


async def test_a_model_that_is_asked_for_takes_the_place_of_one_that_is_idle(upstream: Upstream) -> None:
    await ask(upstream, "small")
    assert await in_memory(upstream) == {"small:latest": 0.4}
    await ask(upstream, "other")
    assert await in_memory(upstream) == {"other:latest": 0.4}
    assert upstream.endpoints()[0].memory_gb == 0.6


async def test_it_waits_for_one_that_is_in_use_and_the_fleet_is_told(server: Simulator, upstream: Upstream) -> None:
    server.configure(latency_s=60.0)
    asking = asyncio.create_task(ask(upstream, "small"))
    await until(lambda: server.stats.in_flight)
    await probe(upstream)
    with pytest.raises(
        Unavailable, match=r"other waits: it takes about 0.5 GB of 0.6 GB, and small:latest .* is in use"
    ):
        await ask(upstream, "other")
    assert set(upstream.models_out()) == {"other"}
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert upstream.models_out() == {}
    server.configure(latency_s=0.0)
    await ask(upstream, "other")
    assert await in_memory(upstream) == {"other:latest": 0.4}


async def test_a_server_that_unloads_nothing_is_asked_all_the_same(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(upstream, "small")
    await probe(upstream)

    async def gone(*_: object) -> None:
        await upstream.sender.models(provider("x", base_urls=("http://127.0.0.1:1",)).endpoints()[0])

    monkeypatch.setattr(upstream.sender, "unload", gone)
    assert await ask(upstream, "other") == "other"
