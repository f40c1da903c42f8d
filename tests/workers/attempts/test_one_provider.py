"""No provider is needed: whichever is the only one that is enabled, every kind of job gets its answer from it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobState
from workfleet.tasks.stream import PieceKind
from workfleet.workers.attempts.executor import Executor
from workfleet.workers.attempts.leases import Leases
from workfleet.workers.endpoints.probing import probe
from workfleet.workers.endpoints.upstream import Upstream
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.providers.sender import Sender
from workfleet.workers.settings import load_settings
from workfleet.workers.settings.kinds import KINDS
from workfleet.workers.simulator import Settings, Simulator

#: `local` starts a server of its own, and has tests for that.
TYPES = [name for name in ROWS if name != "local"]
#: What follows the provider's name where its base URL has a path of its own.
PATHS = {
    "google": "/google/v1beta",
    "groq": "/groq/openai/v1",
    "openrouter": "/openrouter/api/v1",
    "simulated": "",
    "openai_compatible": "/v1",
}

TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
}
#: Each kind of job with what it needs of a provider.
JOBS: dict[str, tuple[set[str], dict[str, Any]]] = {
    "prompt": (set(), {"request": {"messages": [{"role": "user", "content": "Say it."}]}}),
    "streamed": (set(), {"request": {"messages": [{"role": "user", "content": "Say it."}]}, "stream": True}),
    "json": (
        {"json_mode"},
        {
            "request": {
                "messages": [{"role": "user", "content": "Say it in JSON."}],
                "response_format": {"type": "json_object"},
            }
        },
    ),
    "tools": ({"tools"}, {"request": {"messages": [{"role": "user", "content": "Look."}], "tools": [TOOL]}}),
    "embedding": ({"embedding"}, {"request": {"kind": "embedding", "input": ["a", "b"]}, "model": "sim-embed"}),
}


def configuration(simulator: Simulator, enabled: str) -> dict[str, Any]:
    """Every provider that there is, all disabled but one."""
    providers = {
        name: {
            "type": name,
            "base_url": simulator.base_url + PATHS.get(name, f"/{name}"),
            "default_model": "auto" if name == "ruvllm" else "sim-chat",
            "enabled": name == enabled,
            **({"api_key": "k"} if KINDS[name].key_required else {}),
        }
        for name in TYPES
    }
    return {"providers": providers}


@asynccontextmanager
async def alone(redis_url: str, type_: str, folder: Path) -> AsyncGenerator[tuple[AsyncClient, Executor]]:
    """A pool of the only provider that is enabled, and a client of its fleet."""
    async with Simulator(Settings(answer_tokens=12, embedding_dimensions=8)) as simulator, Sender() as sender:
        file = folder / "fleet.yaml"
        file.write_text(yaml.safe_dump(configuration(simulator, type_)))
        settings = load_settings(file, env={})
        (provider,) = settings.enabled()
        async with AsyncClient(redis_url, directory=settings.directory()) as client:
            upstream = Upstream.of(provider, provider.endpoints(), sender)
            await probe(upstream)
            yield client, Executor("here", client.store, Leases(client.store), upstream, settings.directory())


@pytest.mark.parametrize("type_", TYPES)
async def test_every_kind_of_job_is_answered_by_the_only_provider(type_: str, redis_url: str, tmp_path: Path) -> None:
    async with alone(redis_url, type_, tmp_path) as (client, pool):
        able = pool.upstream.provider.facts().capabilities
        wanted = {name: spec for name, (needs, spec) in JOBS.items() if needs <= able}
        found: dict[str, tuple[JobState, str | None]] = {}
        for name, spec in wanted.items():
            job_id = await client.submit(spec)
            await pool.run(job_id)
            outcome = await client.wait(job_id, timeout_s=20)
            found[name] = (outcome.state, outcome.answer.provider if outcome.answer else outcome.error)
        batch = await client.submit_batch([JOBS["prompt"][1]] * 3)
        for raw in await client.redis.lrange(client.store.key("batch", batch, "jobs"), 0, -1):
            await pool.run(raw.decode())
        batched = [outcome.state async for _, outcome, _ in client.outcomes(batch)]
    assert found == dict.fromkeys(wanted, (JobState.SUCCEEDED, type_))
    assert {"prompt", "streamed"} <= wanted.keys()
    assert batched == [JobState.SUCCEEDED] * 3


async def test_what_was_streamed_alone_is_told_piece_by_piece(redis_url: str, tmp_path: Path) -> None:
    async with alone(redis_url, "anthropic", tmp_path) as (client, pool):
        job_id = await client.submit(JOBS["streamed"][1])
        await pool.run(job_id)
        kinds = [piece.kind async for piece in client.stream(job_id)]
        answer = await client.result(job_id)
    assert (kinds[-1], bool(answer.text)) == (PieceKind.END, True)
