"""The same load and the same kills for plain Celery: what it loses, and what it buys twice."""

import asyncio
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kombu.exceptions import OperationalError
from pydantic import SecretStr

from workfleet.tasks.connection import AsyncRedis, connect
from workfleet.workers.supervision.child import tethered

from ..e2e.fleet import Worker, until
from .crew import Crew, Post, Trouble
from .faults import Fault
from .grounds import ROOT, Grounds, grounds_of
from .on_redis import OnRedis
from .on_workers import OnWorkers
from .plain_worker import PROVIDER_URLS, REDIS_URL, TASK, VISIBILITY_TIMEOUT_S, make_app
from .playing import Progress, Tell, play
from .recovery import Orphan, Recovery, recovery, until_called
from .schedule import Size, make_schedule
from .striker import LOOK_EVERY_S, UNREACHED, Striker
from .visits import Visit, read_visits

#: Nothing else of a schedule strikes: a removed message, say, is simply lost here.
STRIKES = frozenset({Fault.KILL_WORKER, Fault.KILL_REDIS, Fault.DROP_CONNECTIONS})

_STUCK_S = 3.0 * VISIBILITY_TIMEOUT_S + 30.0
_COUNT_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class PlainPlan:
    """As a fleet's plan; hands: workers in all."""

    jobs: int
    size: Size
    seed: int = 1
    hands: int = 8
    slots: int = 4
    latency_s: str = "lognormal:0.35,0.5"


@dataclass(frozen=True, slots=True)
class PlainResult:
    """lost: jobs without a result. bought: whole answers. again: those beyond the first of each job. recovery: from the
    kill of who had called for a job to its next call. ended_alone: workers that ended by themselves.
    """

    plan: PlainPlan
    lost: int
    bought: int
    again: int
    recovery: Recovery
    struck: Counter[Fault]
    ended_alone: int
    took_s: float


async def run_plain(plan: PlainPlan, folder: Path, tell: Tell) -> PlainResult:
    async with AsyncExitStack() as stack:
        grounds = await stack.enter_async_context(grounds_of(folder, plan.latency_s))
        redis = connect(SecretStr(grounds.redis.url))
        stack.push_async_callback(redis.aclose)
        crew = Crew(_Launcher(grounds, plan.slots), _Ready())
        stack.push_async_callback(crew.close)
        crew.man([Post("celery")] * plan.hands)
        on_redis = OnRedis(grounds.redis, redis)
        on_workers = OnWorkers(crew, on_redis.away)
        striker = Striker({**on_redis.ways, **on_workers.ways})
        load = _Load(grounds.redis.url, redis, [f"job-{number:06d}" for number in range(plan.jobs)])
        await until(lambda: _all_are_up(crew, plan.hands))
        progress = Progress("plain Celery", plan.jobs)
        schedule = [each for each in make_schedule(plan.seed, plan.size) if each.fault in STRIKES]
        handing_in = asyncio.create_task(load.hand_in(progress))
        await play(schedule, striker, progress, lambda: load.look(progress, crew), tell, stuck_s=_STUCK_S)
        await handing_in
        lost = len(await load.without_result())
    visits = read_visits(each.log for each in grounds.providers.values())
    bought = Counter(visit.job for visit in visits if visit.complete)
    return PlainResult(
        plan=plan,
        lost=lost,
        bought=bought.total(),
        again=bought.total() - len(bought),
        recovery=recovery(until_called(_orphans(crew.troubles, visits), visits)),
        struck=striker.struck,
        ended_alone=sum(trouble.what == "ended" for trouble in crew.troubles),
        took_s=progress.took_s,
    )


async def _all_are_up(crew: Crew, number: int) -> bool:
    return len(await crew.up()) == number


def _orphans(troubles: Sequence[Trouble], visits: Sequence[Visit]) -> list[Orphan]:
    """The jobs that killed workers had asked for, and had no answer to."""
    deaths = {trouble.worker: trouble.began for trouble in troubles if trouble.what == "killed"}
    return [
        Orphan(visit.job, visit.worker, deaths[visit.worker])
        for visit in visits
        if visit.worker in deaths and visit.ended >= deaths[visit.worker]
    ]


@dataclass(slots=True)
class _Launcher:
    grounds: Grounds
    slots: int
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def __call__(self, post: Post) -> Worker:
        name = f"{post.provider}@{next(self._numbers)}"
        urls = [provider.url for provider in self.grounds.providers.values()]
        env = {**os.environ, REDIS_URL: self.grounds.redis.url, PROVIDER_URLS: json.dumps(urls)}
        log = self.grounds.folder / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *tethered(sys.executable, "-m", "tests.chaos.plain_worker", name, str(self.slots)),
                cwd=ROOT,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return Worker(name, process, log)


@dataclass(slots=True)
class _Ready:
    """A worker has come up once it says so."""

    _seen: set[str] = field(default_factory=set[str])

    async def __call__(self, workers: Sequence[Worker]) -> set[str]:
        names = {worker.node for worker in workers}
        self._seen |= {
            each.node for each in workers if each.node not in self._seen and "ready." in each.log.read_text()
        }
        return self._seen & names


class _Load:
    """Hands the jobs in as fast as they end, and counts the results."""

    def __init__(self, redis_url: str, redis: AsyncRedis, names: list[str]) -> None:
        self._app = make_app(redis_url, results=False)
        self._redis = redis
        self._names = names
        self._wave = max(50, min(1500, len(names) // 6))
        self._waiting = set[str]()
        self._counted_at = 0.0
        self._handed_in = 0

    async def hand_in(self, progress: Progress) -> None:
        for start in range(0, len(self._names), self._wave):
            while progress.ended < start - self._wave:
                await asyncio.sleep(LOOK_EVERY_S)
            for name in self._names[start : start + self._wave]:
                await self._send(name)
                self._waiting.add(name)
                self._handed_in += 1

    async def _send(self, name: str) -> None:
        while True:
            try:
                await asyncio.to_thread(self._app.send_task, TASK, (name,), task_id=name)
                return
            except OperationalError:
                await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, progress: Progress, crew: Crew) -> None:
        progress.up = len(await crew.up())
        progress.handed_in = self._handed_in
        if time.monotonic() - self._counted_at < _COUNT_EVERY_S:
            return
        with suppress(*UNREACHED):
            self._waiting = await self.without_result()
            self._counted_at = time.monotonic()
            progress.saw(self._handed_in - len(self._waiting))
        progress.done = self._handed_in == len(self._names) and not self._waiting

    async def without_result(self) -> set[str]:
        names = sorted(self._waiting)
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.exists(f"celery-task-meta-{name}")
            found = await pipe.execute()
        return {name for name, there in zip(names, found, strict=True) if not there}
