"""Finds what fell by the wayside: dead workers' jobs, lost messages, due snoozes, passed deadlines, dead pools' queues.

Every worker process runs one; a lease in Redis lets one of them act at a time.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from ...routing.directory import ChainLink, Directory
from ...routing.gate import PoolState
from ...routing.lanes import alternate_queue, provider_of
from ...tasks.connection import PASSING
from ...tasks.fleet_state import FleetState
from ...tasks.job import Job, JobState
from ...tasks.store import DAMAGED, LATE, Store
from ...tasks.submission import chain_of
from ..attempts.chain import alternatives, model_of, second_chance, why_out
from ..attempts.leases import SETTLED_S

log = structlog.get_logger()

EVERY_S = 0.5
#: The acting reconciler is replaced after this long without a sign of it.
TURN_S = 1.6
_TURN_WITHIN_S = 1.5
#: Far longer than any duty takes; over a dead connection it would hang for longer still.
_STEP_WITHIN_S = 15.0
#: A message is missed when its job's turn came this long ago, and nobody has claimed it since.
MISSED_S = 3.0
#: Lost messages and dead pools' queues are looked for in every so many rounds.
LOOK_EVERY = 6
_AT_MOST = 500
#: Full calls in one round while there is a backlog; the turn must not run out over them.
_BACKLOG = 20


@dataclass(slots=True)
class Reconciler:
    """continue_canvas: goes on with the Celery canvas of ended jobs that nobody went on with."""

    node: str
    store: Store
    fleet: FleetState
    directory: Directory
    continue_canvas: Callable[[], Awaitable[object]]
    _round: int = 0
    _passed_over: dict[str, int] = field(default_factory=dict[str, int])

    async def run(self) -> None:
        """Work until cancelled."""
        away = False
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                # Over a connection that a firewall has dropped a turn would hang for longer than leases hold.
                async with asyncio.timeout(_TURN_WITHIN_S):
                    mine = await self.store.my_turn(self.node, turn_s=TURN_S)
                if mine:
                    await self.once()
                away = False
            except (*PASSING, TimeoutError) as failed:
                if not away:
                    log.warning("reconciler.waits", error=str(failed) or "no reply in time")
                away = True

    async def once(self) -> None:
        """One round. A step that fails keeps none of the others from what they have to do."""
        await self._step("rescue", self._rescue)
        await self._step("expire", self._expire)
        await self._step("continue canvases", self.continue_canvas)
        self._round += 1
        if self._round % LOOK_EVERY == 0:
            await self._step("find lost messages", self._find_lost_messages)
            await self._step("empty dead pools", self._empty_dead_pools)

    async def _step(self, name: str, step: Callable[[], Awaitable[object]]) -> None:
        try:
            async with asyncio.timeout(_STEP_WITHIN_S):
                await step()
        except PASSING:
            raise
        except TimeoutError:
            log.error("reconciler.step_failed", step=name, error=f"no end within {_STEP_WITHIN_S:g} s")
        except Exception as defect:  # else it would end the reconcilers of all nodes, one after the other
            log.exception("reconciler.step_failed", step=name, error=repr(defect))

    async def _rescue(self) -> None:
        # After Redis was away, the pools first get the time to renew the leases of what they still run.
        for _ in range(_BACKLOG):
            found = await self.store.rescue(at_most=_AT_MOST, steady_s=SETTLED_S)
            if found.rescued:
                log.warning("jobs.rescued", jobs=len(found.rescued), first=found.rescued[0])
            for job_id in found.poisonous:
                log.error("job.poisonous", job_id=job_id)
            for job_id in found.damaged:
                log.error("job.unreadable", job_id=job_id, error=DAMAGED)
            if max(len(found.rescued) + len(found.poisonous), len(found.due)) + len(found.damaged) < _AT_MOST:
                break

    async def _expire(self) -> None:
        for _ in range(_BACKLOG):
            ids = await self.store.overdue(at_most=_AT_MOST)
            if not ids or await self._expire_these(ids) == 0 or len(ids) < _AT_MOST:
                break

    async def _expire_these(self, ids: list[str]) -> int:
        """How many of them are overdue no more. Those that run end by themselves."""
        pools = (await self.fleet.snapshot()).pools()
        by_reason: dict[str, list[str]] = {}
        for job_id, job in zip(ids, await self.store.jobs(ids), strict=True):
            by_reason.setdefault(self._why_late(job, pools), []).append(job_id)
        words = [await self.store.end_waiting(late, JobState.EXPIRED, why) for why, late in by_reason.items()]
        return sum(word in ("done", "missing") for some in words for word in some)

    def _why_late(self, job: Job | None, pools: Mapping[str, PoolState]) -> str:
        """With what is known of each of its targets that takes no jobs."""
        links = chain_of(job, self.directory) if job else ()
        models = {link: model_of(link, self.directory, job.task_type if job else "", ()) for link in links}
        out = {str(link): why for link in links if (why := why_out(pools.get(link.provider), models[link]))}
        return "; ".join([LATE, *(f"{target}: {why}" for target, why in out.items())])

    async def _find_lost_messages(self) -> None:
        queues = sorted((await self.fleet.snapshot()).queues)
        found = await self.store.remessage(queues, grace_s=MISSED_S, at_most=_AT_MOST)
        for queue, jobs in Counter(queue for queue, _ in found).items():
            log.warning("messages.pushed_anew", queue=queue, jobs=jobs)

    async def _empty_dead_pools(self) -> None:
        snapshot = await self.fleet.snapshot()
        pools = snapshot.pools()
        for queue in sorted(snapshot.queues):
            provider = provider_of(queue)
            if provider is None or provider in pools:
                continue
            await self._empty(queue, provider, pools)

    async def _empty(self, queue: str, provider: str, pools: Mapping[str, PoolState]) -> None:
        """Some of the jobs that wait for a dead pool; those that have nowhere else to go are passed over."""
        skip = self._passed_over.get(queue, 0)
        ids = await self.store.waiting(queue, skip=skip, at_most=_AT_MOST)
        moved = 0
        for job_id in ids:
            to = await self._next(job_id, provider, pools)
            if to is not None and await self.store.reroute(job_id, queue, alternate_queue(to.provider)):
                log.info("job.rerouted", job_id=job_id, to=to.provider, why=f"no worker of {provider} lives")
                moved += 1
        self._passed_over[queue] = skip + len(ids) - moved if len(ids) == _AT_MOST else 0

    async def _next(self, job_id: str, provider: str, pools: Mapping[str, PoolState]) -> ChainLink | None:
        job, spec = await self.store.job(job_id), await self.store.spec(job_id)
        if job is None or spec is None:
            return None
        paid = await self.store.attempts(job_id, after=job.since) if spec.capped else []
        others = alternatives(job, spec, self.directory, pools, provider=provider, paid=paid)
        if others.next is not None:
            return others.next
        return second_chance(others, job, self.directory, await self.store.attempts(job_id, after=job.since))
