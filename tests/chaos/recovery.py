"""How soon somebody takes up the jobs of a killed worker."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobState

from .striker import LOOK_EVERY_S, UNREACHED
from .visits import Visit, grouped


@dataclass(frozen=True, slots=True)
class Orphan:
    """A job whose owner was killed, and when (steady seconds). epoch: of the lease that it had then."""

    job: str
    worker: str
    at: float
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from the kill of a job's owner until it is taken up. jobs: how many were."""

    jobs: int
    p50_s: float
    p95_s: float
    max_s: float


def recovery(took_s: Iterable[float]) -> Recovery:
    ordered = sorted(took_s)
    if not ordered:
        return Recovery(0, 0.0, 0.0, 0.0)
    return Recovery(len(ordered), quantile(ordered, 0.5), quantile(ordered, 0.95), ordered[-1])


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order: the smallest that at least this share of them does not exceed."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def until_called(orphans: Iterable[Orphan], visits: Sequence[Visit]) -> list[float]:
    """Seconds until the next call for each job; there is none for those that ended otherwise."""
    calls = grouped(visits, by=lambda visit: visit.job)
    after = ((each, [visit.began for visit in calls[each.job] if visit.began > each.at]) for each in orphans)
    return [began[0] - orphan.at for orphan, began in after if began]


@dataclass(slots=True)
class Claims:
    """Watches who takes up the jobs of killed workers. took_s: how long it took, to a tenth of a second."""

    client: AsyncClient
    orphans: list[Orphan] = field(default_factory=list[Orphan])
    took_s: list[float] = field(default_factory=list[float])
    _waiting: list[Orphan] = field(default_factory=list[Orphan])

    async def note(self, worker: str, at: float) -> None:
        """The worker was killed: its jobs are orphans now. Waits for Redis to tell which."""
        while True:
            try:
                found = [Orphan(job, worker, at, epoch) for job, epoch in await self._owned(worker)]
                self.orphans += found
                self._waiting += found
                return
            except UNREACHED:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _owned(self, worker: str) -> list[tuple[str, int]]:
        leased = [raw.decode() for raw in await self.client.redis.zrange(self.client.store.key("leases"), 0, -1)]
        facts = await self._facts(leased, "owner", "epoch")
        return [(job, int(epoch)) for job, (owner, epoch) in zip(leased, facts, strict=True) if owner == worker]

    async def _facts(self, jobs: Sequence[str], *names: str) -> list[list[str]]:
        async with self.client.redis.pipeline(transaction=False) as pipe:
            for job in jobs:
                pipe.hmget(self.client.store.key("job", job), *names)
            return [[(value or b"").decode() for value in values] for values in await pipe.execute()]

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with suppress(*UNREACHED):
                await self._look()

    async def _look(self) -> None:
        looked_at = list(self._waiting)
        facts = await self._facts([each.job for each in looked_at], "epoch", "state")
        now = time.monotonic()
        for orphan, (epoch, state) in zip(looked_at, facts, strict=True):
            if int(epoch) > orphan.epoch:
                self.took_s.append(now - orphan.at)
            if int(epoch) > orphan.epoch or JobState(state).final:
                self._waiting.remove(orphan)
