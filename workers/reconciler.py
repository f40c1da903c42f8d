"""Finds what fell by the wayside: dead workers' jobs, lost messages, due snoozes, passed deadlines, dead pools' queues.

Every worker process runs one; a lease in Redis lets one of them act at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from ..routing.directory import Directory
from ..routing.lanes import Priority, alternate_queue, lanes
from ..tasks.connection import PASSING
from ..tasks.fleet_state import FleetState
from ..tasks.job import JobState
from ..tasks.store import Store
from .chain import alternatives
from .leases import LEASE_S

log = structlog.get_logger()

EVERY_S = 1.0
#: The acting reconciler is replaced after this long without a sign of it.
TURN_S = 4.0
#: A message is missed when its job has waited this long though its turn had come.
MISSED_S = 10.0
_AT_MOST = 500


@dataclass(slots=True)
class Reconciler:
    """continue_canvas: goes on with the Celery canvas of ended jobs that nobody went on with."""

    node: str
    store: Store
    fleet: FleetState
    directory: Directory
    continue_canvas: Callable[[], Awaitable[None]]
    _steady: int = 0
    _round: int = 0

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                if await self._my_turn():
                    await self.once()
                self._steady += 1
            except PASSING as failed:
                self._steady = 0
                log.warning("reconciler.waits", error=str(failed))

    async def _my_turn(self) -> bool:
        key, redis = self.store.key("reconciler"), self.store.redis
        if await redis.set(key, self.node, nx=True, px=int(TURN_S * 1000)):
            return True
        if await redis.get(key) != self.node.encode():
            return False
        await redis.pexpire(key, int(TURN_S * 1000))
        return True

    async def once(self) -> None:
        """One round."""
        if self._steady * EVERY_S >= LEASE_S:
            # After Redis was away, the pools first get the time to renew the leases of what they still run.
            await self._rescue()
        await self._expire()
        self._round += 1
        if self._round % 3 == 0:
            await self._find_lost_messages()
            await self._empty_dead_pools()
            await self.continue_canvas()

    async def _rescue(self) -> None:
        found = await self.store.rescue(at_most=_AT_MOST)
        if found.rescued:
            log.warning("jobs.rescued", jobs=len(found.rescued), first=found.rescued[0])
        for job_id in found.poisonous:
            log.error("job.poisonous", job_id=job_id)

    async def _expire(self) -> None:
        ids = await self.store.overdue(at_most=_AT_MOST)
        if ids:
            await self.store.end_waiting(ids, JobState.EXPIRED, "its deadline passed while it waited")

    def _queues(self) -> list[str]:
        alternates = [alternate_queue(provider) for provider in self.directory.providers]
        return [*lanes(self.directory.task_types), *alternates]

    async def _find_lost_messages(self) -> None:
        for queue in self._queues():
            for priority in Priority:
                found = await self.store.remessage(queue, priority, grace_s=MISSED_S, at_most=_AT_MOST)
                if found:
                    log.warning("messages.pushed_anew", queue=queue, jobs=len(found))

    async def _empty_dead_pools(self) -> None:
        pools = (await self.fleet.snapshot()).pools()
        for provider in self.directory.providers:
            if provider in pools:
                continue
            queue = alternate_queue(provider)
            for job_id in await self.store.waiting(queue, at_most=_AT_MOST):
                job, spec = await self.store.job(job_id), await self.store.spec(job_id)
                if job is None or spec is None:
                    continue
                to = alternatives(job, spec, self.directory, pools, provider=provider).next
                if to is not None and await self.store.reroute(job_id, queue, alternate_queue(to.provider)):
                    log.info("job.rerouted", job_id=job_id, to=to.provider, why=f"no worker of {provider} lives")
