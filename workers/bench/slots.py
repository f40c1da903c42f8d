"""How well one pool uses its slots, beside a direct client and plain Celery against the same simulated provider.

All three are processes of their own, given the same requests and the same number of calls at a time. What the provider
has served, by its own count while they are loaded, is what each of them achieved.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from pydantic import SecretStr

from ...tasks.client import AsyncClient
from ...tasks.job import JobSpec
from .prompts import prompts

#: Seconds after the first answer before anything counts, so that starting up does not.
WARM_UP_S = 3.0
_LOOK_EVERY_S = 0.25
_PATIENCE_S = 60.0
#: More requests than can be served in the time, so that none of the three runs out of them.
_SURPLUS = 1.3

Tell = Callable[[str], None]
Served = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Rates:
    """jobs_per_s: served while loaded. cpu_ms_per_job: user and system time. rss_mb: memory at the end."""

    jobs_per_s: float
    cpu_ms_per_job: float
    rss_mb: float

    def to_json(self) -> dict[str, float]:
        return {name: round(value, 2) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class SlotsResult:
    """slots, latency_s: what was asked for. pool, direct, plain_celery: what each way achieved."""

    slots: int
    latency_s: float
    pool: Rates
    direct: Rates
    plain_celery: Rates

    @property
    def utilisation(self) -> float:
        """Served by the pool, of what its slots allow."""
        return self.pool.jobs_per_s / (self.slots / self.latency_s)

    def to_json(self) -> dict[str, Any]:
        return {
            "utilisation": round(self.utilisation, 4),
            **self.pool.to_json(),
            "direct": self.direct.to_json(),
            "plain_celery": self.plain_celery.to_json(),
            "slots": self.slots,
            "latency_s": self.latency_s,
        }


@dataclass(frozen=True, slots=True)
class Load:
    """slots: calls at a time. seconds: measured. events: whether the pool sends task events."""

    slots: int
    latency_s: float
    seconds: float
    events: bool

    @property
    def requests(self) -> int:
        return max(self.slots * 4, round((self.seconds + WARM_UP_S + 3) * self.slots / self.latency_s * _SURPLUS))


async def measure_slots(redis_url: SecretStr, folder: Path, tell: Tell, load: Load) -> SlotsResult:
    """Measure the three ways one after the other. Nothing of them is left running."""
    found: dict[str, Rates] = {}
    for name, way in (("fleet worker", _pool), ("direct client", _direct), ("plain Celery", _plain_celery)):
        async with AsyncClient(redis_url) as client:
            await client.redis.flushdb()
        with _process(
            "workfleet.workers.simulator", "--latency", str(load.latency_s), "--port", "0", folder=folder
        ) as sim:
            assert sim.stdout is not None
            url = sim.stdout.readline().decode().strip().removeprefix("listening on ")
            found[name] = await way(redis_url, url, folder, load)
        tell(f"{name}: {found[name].jobs_per_s:.1f} jobs/s, {found[name].cpu_ms_per_job:.2f} ms of CPU a job")
    return SlotsResult(load.slots, load.latency_s, *found.values())


async def _pool(redis_url: SecretStr, url: str, folder: Path, load: Load) -> Rates:
    env = {"FLEET_REDIS_URL": redis_url.get_secret_value(), "FLEET_LOG_LEVEL": "warning", "FLEET_CONFIG": ""}
    events = "--events" if load.events else "--no-events"
    options = (
        "worker",
        "--provider",
        "simulated",
        "--endpoint",
        url,
        "--slots",
        str(load.slots),
        events,
        "--grace",
        "0",
    )
    with _process("workfleet.workers.cli", *options, folder=folder, env=env) as worker:
        async with AsyncClient(redis_url) as client:
            async with asyncio.timeout(_PATIENCE_S):
                while not any(node.unavailable is None for node in (await client.snapshot()).living):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_EVERY_S)
            await client.submit_batch(
                JobSpec.from_prompt(prompt, priority="batch") for prompt in prompts(load.requests)
            )
            return await _rates(worker, url, load)


async def _direct(_: SecretStr, url: str, folder: Path, load: Load) -> Rates:
    options = (url, str(load.slots), str(load.requests))
    with _process("workfleet.workers.bench.direct_client", *options, folder=folder) as client:
        return await _rates(client, url, load)


async def _plain_celery(redis_url: SecretStr, url: str, folder: Path, load: Load) -> Rates:
    env = {"BENCH_REDIS_URL": redis_url.get_secret_value(), "BENCH_PROVIDER_URL": url, "BENCH_SLOTS": str(load.slots)}
    app = "workfleet.workers.bench.plain_celery"
    publish = [sys.executable, "-P", "-m", app, str(load.requests)]
    await asyncio.to_thread(subprocess.run, publish, env={**os.environ, **env}, cwd=folder, check=True)
    options = ("-q", "-A", app, "worker", "-P", "threads", "-c", str(load.slots), "-l", "ERROR")
    with _process("celery", *options, folder=folder, env=env) as worker:
        return await _rates(worker, url, load)


async def _rates(process: "subprocess.Popen[bytes]", url: str, load: Load) -> Rates:
    """What a process achieves once it is warm: provider's count and the process' CPU at two moments."""
    watched = psutil.Process(process.pid)
    async with aiohttp.ClientSession() as session:

        async def served() -> int:
            async with session.get(f"{url}/_sim/stats") as reply:
                return int((await reply.json())["complete"])

        async with asyncio.timeout(_PATIENCE_S):
            while await served() == 0:
                if process.poll() is not None:
                    raise RuntimeError(f"a process of the benchmark ended with code {process.returncode}")
                await asyncio.sleep(_LOOK_EVERY_S)
        await asyncio.sleep(WARM_UP_S)
        loop = asyncio.get_running_loop()
        began, before, cpu_before = loop.time(), await served(), _cpu_s(watched)
        await asyncio.sleep(load.seconds)
        took, jobs, cpu = loop.time() - began, await served() - before, _cpu_s(watched) - cpu_before
    return Rates(jobs / took, cpu / max(jobs, 1) * 1000, watched.memory_info().rss / 1e6)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _process(
    module: str, *arguments: str, folder: Path, env: Mapping[str, str] | None = None
) -> Generator["subprocess.Popen[bytes]"]:
    """`python -m module …`, ended with the block. What it says on standard error is shown only if it fails to end."""
    command = [sys.executable, "-P", "-m", module, *arguments]
    with (folder / f"{module}.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
