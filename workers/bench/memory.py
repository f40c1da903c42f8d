"""What a queued job costs in Redis beside what was handed in."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ...tasks.client import AsyncClient
from ...tasks.job import JobSpec
from ..embedded.server import EmbeddedRedis

_PROMPT = "Write pytest tests for this function.\n" + "def add(a: int, b: int) -> int:\n    return a + b\n" * 8


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes a job. payload: the request as stored. in_lane: all else of a job with a message in its lane. in_batch: all
    else of a job that waits in its batch for its turn.
    """

    jobs: int
    payload: int
    in_lane: int
    in_batch: int


async def measure(jobs: int) -> MemoryUse:
    """Hand in jobs to an empty Redis of its own, in both ways, and look at its memory."""
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        async with EmbeddedRedis(Path(folder)) as server, AsyncClient(SecretStr(server.url)) as client:
            in_lane = await _bytes_a_job(client, jobs, window=jobs)
            in_batch = await _bytes_a_job(client, jobs, window=1)
    payload = len(_spec(0).model_dump_json(exclude_defaults=True))
    return MemoryUse(jobs, payload, in_lane - payload, in_batch - payload)


async def _bytes_a_job(client: AsyncClient, jobs: int, *, window: int) -> int:
    await client.redis.execute_command("FLUSHALL", "SYNC")
    before = await _used(client)
    await client.submit_batch((_spec(at) for at in range(jobs)), window=window)
    return round((await _used(client) - before) / jobs)


async def _used(client: AsyncClient) -> int:
    """Bytes in use but for buffers of clients and of the append-only file, which come and go."""
    found = await client.redis.info("memory")
    return int(found["used_memory"]) - int(found["mem_clients_normal"]) - int(found["mem_aof_buffer"])


def _spec(at: int) -> JobSpec:
    return JobSpec.from_prompt(f"{at:06d} {_PROMPT}", task_type="test-generation", custom_id=f"line-{at:06d}")
