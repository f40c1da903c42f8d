"""A fleet of whole processes for tests: a Redis of its own, `fleet worker` processes, simulated providers.

Nothing here sleeps to synchronise: every wait is for a state, and has a bound.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.workers.simulator import Settings, Simulator
from workfleet.workers.supervision.child import tethered

from .redis_server import RedisServer

#: The bound of every wait, in seconds: what takes longer on a busy machine hangs.
WITHIN_S = 40.0

_LOOK_EVERY_S = 0.02
_FLEET = (sys.executable, "-P", "-m", "workfleet.workers.cli")

Condition = Callable[[], Awaitable[object]] | Callable[[], object]


async def until(condition: Condition, *, within_s: float = WITHIN_S) -> None:
    """Return once the condition holds."""
    async with asyncio.timeout(within_s):
        while True:
            holds = condition()
            if await holds if isinstance(holds, Awaitable) else holds:
                return
            await asyncio.sleep(_LOOK_EVERY_S)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


async def run(*arguments: str, env: Mapping[str, str], folder: Path, within_s: float = WITHIN_S) -> Ran:
    """`fleet …` to its end."""
    process = await asyncio.create_subprocess_exec(
        *tethered(*_FLEET, *arguments),
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within_s):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        raise AssertionError(f"fleet {' '.join(arguments)} does not end: {err.decode()}") from None
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


@dataclass(slots=True)
class Worker:
    """One `fleet worker` process."""

    node: str
    process: asyncio.subprocess.Process
    log: Path

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, *, within_s: float = WITHIN_S) -> int:
        """Its exit code, once it has ended."""
        async with asyncio.timeout(within_s):
            return await self.process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.tell(number)
        return await self.ended()

    @property
    def runs(self) -> bool:
        return self.process.returncode is None

    def said(self, event: str) -> list[dict[str, Any]]:
        """What it logged under a name."""
        return [line for line in self._lines() if line.get("event") == event]

    def tracebacks(self) -> str:
        """The part of its log that no user should have to read; empty if there is none."""
        text = self.log.read_text(errors="replace")
        at = text.find("Traceback")
        return text[max(0, at - 500) : at + 2000] if at >= 0 else ""

    def _lines(self) -> list[dict[str, Any]]:
        lines = (line for line in self.log.read_text(errors="replace").splitlines() if line.startswith("{"))
        return [json.loads(line) for line in lines]


@dataclass(slots=True)
class Fleet:
    """A Redis, providers, a client, and the workers that a test starts."""

    folder: Path
    redis: RedisServer
    providers: dict[str, Simulator]
    client: AsyncClient
    workers: list[Worker] = field(default_factory=list[Worker])
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def env(self) -> dict[str, str]:
        config = self.folder / "fleet.yaml"
        return {"FLEET_REDIS_URL": self.redis.url, "FLEET_CONFIG": str(config), "FLEET_LOG_FORMAT": "json"}

    async def worker(self, provider: str, *options: str, node: str = "", **env: str) -> Worker:
        """Start a worker; return when it reports."""
        worker = await self.launch(provider, *options, node=node, **env)
        await until(lambda: self._is_up(worker))
        return worker

    async def launch(self, provider: str, *options: str, node: str = "", **env: str) -> Worker:
        """Start a worker, and do not wait for it."""
        name = node or f"{provider}@{next(self._numbers)}"
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *tethered(*_FLEET, "worker", "--provider", provider, "--node", name, *options),
                cwd=self.folder,
                env={**os.environ, **self.env, **env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.workers.append(Worker(name, process, log))
        return self.workers[-1]

    async def _is_up(self, worker: Worker) -> bool:
        assert worker.runs, worker.log.read_text(errors="replace")[-2000:]
        return worker.node in await self.nodes()

    async def nodes(self) -> dict[str, NodeReport]:
        """The living workers, by name."""
        return {node.node: node for node in (await self.client.snapshot()).living}

    async def run(self, *arguments: str, within_s: float = WITHIN_S, **env: str) -> Ran:
        """`fleet …` in the fleet's folder, to its end."""
        return await run(*arguments, env={**self.env, **env}, folder=self.folder, within_s=within_s)

    async def submit(self, count: int, **fields: Any) -> list[str]:
        specs = (JobSpec.from_prompt(f"say {number}", **fields) for number in range(count))
        return [job_id async for ids in self.client.submit_many(specs) for job_id in ids]

    async def outcomes(self, ids: Sequence[str], *, within_s: float = WITHIN_S) -> list[Outcome]:
        """How the jobs ended, once all have."""
        async with asyncio.timeout(within_s):
            return [await self.client.wait(job_id) for job_id in ids]

    async def state(self, job_id: str) -> JobState:
        return (await self.client.job(job_id)).state

    async def running(self, ids: Sequence[str]) -> int:
        """How many of the jobs run."""
        return [await self.state(job_id) for job_id in ids].count(JobState.RUNNING)

    async def ownerless(self) -> list[str]:
        """Jobs that run without a lease, and leases without a running job."""
        store = self.client.store
        leased = {raw.decode() for raw in await store.redis.zrange(store.key("leases"), 0, -1)}
        unfinished = {raw.decode() for raw in await store.redis.zrange(store.key("deadlines"), 0, -1)}
        running = {job_id for job_id in unfinished if await self.state(job_id) is JobState.RUNNING}
        return sorted(leased ^ running)


def served(providers: Mapping[str, Simulator], ids: Sequence[str]) -> dict[str, int]:
    """How often each job was answered completely, by all providers together."""
    return {job_id: sum(each.stats.served(job_id) for each in providers.values()) for job_id in ids}


def requested(providers: Mapping[str, Simulator], ids: Sequence[str]) -> dict[str, int]:
    """How often each job was asked for, by all providers together."""
    return {job_id: sum(each.stats.requested(job_id) for each in providers.values()) for job_id in ids}


@asynccontextmanager
async def fleet_of(
    folder: Path,
    providers: Mapping[str, Mapping[str, Any]],
    *,
    simulated: Settings | None = None,
    **settings: Any,
) -> AsyncGenerator[Fleet]:
    """A fleet without workers. providers: what its configuration says of each; settings: what it says beside them."""
    async with AsyncExitStack() as stack:
        simulators = {
            name: await stack.enter_async_context(Simulator(simulated or Settings(latency_s=0.02, answer_tokens=8)))
            for name in providers
        }
        redis = stack.enter_context(RedisServer(folder / "redis"))
        written = {
            name: {"type": "simulated", "base_url": simulators[name].base_url, "default_model": "sim-chat", **given}
            for name, given in providers.items()
        }
        (folder / "fleet.yaml").write_text(json.dumps({"providers": written, **settings}))
        client = await stack.enter_async_context(AsyncClient(redis.url, wait_for_redis_s=WITHIN_S))
        fleet = Fleet(folder, redis, simulators, client)
        stack.push_async_callback(_end, fleet)
        yield fleet


async def _end(fleet: Fleet) -> None:
    for worker in fleet.workers:
        if worker.runs:
            worker.process.kill()
        await worker.process.wait()
