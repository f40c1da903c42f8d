"""What a run takes place on: a Redis with an append-only file, and two simulated providers, each a process of its own.

The append-only file is synced once a second. A killed server loses nothing by that, for what it has written is the
kernel's; only a power cut would lose the last second.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from ..e2e.redis_server import RedisServer
from .load import POISON_MODEL

#: The root of the repository, where `tests` is a package.
ROOT = Path(__file__).parents[2]
PROVIDERS = ("alpha", "beta")


@dataclass(frozen=True, slots=True)
class Provider:
    """url: its address. log: where it writes down what it served."""

    url: str
    log: Path

    async def tell(self, path: str, body: Mapping[str, object] | None = None) -> None:
        """POST to an address of the simulator's own."""
        async with httpx2.AsyncClient(base_url=self.url) as client:
            (await client.post(path, json=body)).raise_for_status()


@dataclass(frozen=True, slots=True)
class Grounds:
    folder: Path
    redis: RedisServer
    providers: Mapping[str, Provider]

    @property
    def redis_port(self) -> int:
        return int(self.redis.url.rpartition(":")[2].partition("/")[0])


@asynccontextmanager
async def grounds_of(folder: Path, latency_s: str) -> AsyncGenerator[Grounds]:
    """latency_s: of an answer, a distribution as `fleet simulate` has it."""
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder / "redis"))
        providers = {
            name: await stack.enter_async_context(_provider(folder / f"{name}.jsonl", seed, latency_s))
            for seed, name in enumerate(PROVIDERS, start=1)
        }
        yield Grounds(folder, redis, providers)


@asynccontextmanager
async def _provider(log: Path, seed: int, latency_s: str) -> AsyncGenerator[Provider]:
    """seed: of its answers. Their ids begin with it, so that no two providers give the same."""
    settings: dict[str, Any] = {"latency_s": latency_s, "answer_tokens": 20, "seed": seed}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.provider", str(log), json.dumps(settings)),
        cwd=ROOT,
        env=dict(os.environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        provider = Provider((await process.stdout.readline()).decode().strip(), log)
        await provider.tell("/_sim/faults", {"name": "hang", "model": POISON_MODEL})
        yield provider
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
