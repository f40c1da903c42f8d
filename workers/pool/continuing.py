"""Goes on with what waits for the end of a job: its Celery canvas, and those who handed in the same job again.

The process that ran a job goes on when it has ended it. What it leaves behind if it dies just then, and what waits for
a job that ended while it waited itself, is the reconciler's.
"""

import asyncio
import json
from dataclasses import dataclass, replace

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from ...tasks.connection import PASSING
from ...tasks.job import Job
from ...tasks.results import RESULT_KEY, Outcome, encode
from ...tasks.store import Store
from ..patience import persist
from .canvas import go_on

log = structlog.get_logger()

_AT_MOST = 100


@dataclass(slots=True)
class Continuing:
    """app: publishes what follows."""

    store: Store
    app: Celery

    async def after(self, job_id: str, outcome: Outcome) -> None:
        """A job has ended here."""
        if await persist(lambda: self.store.redis.zscore(self._ended, job_id)) is not None:
            await self._go_on(job_id, outcome)

    async def left_behind(self) -> None:
        """Jobs that have ended, and that nobody has gone on with."""
        seconds, _ = await self.store.redis.time()
        for raw in await self.store.redis.zrangebyscore(self._ended, 0, seconds * 1000, start=0, num=_AT_MOST):
            job_id = raw.decode()
            outcome = await self.store.outcome(job_id)
            if outcome is None:
                await self.store.redis.zrem(self._ended, job_id)
            else:
                await self._go_on(job_id, outcome)

    async def follow(self, first: str, job_id: str, canvas: str) -> None:
        """The job `first` was handed in again as `job_id`, which is to have its result."""
        await self.store.follow(first, json.dumps({"id": job_id, "canvas": canvas}))
        outcome = await self.store.outcome(first)
        if outcome is not None:
            await self.after(first, outcome)

    @property
    def _ended(self) -> str:
        return self.store.key("canvas")

    async def _go_on(self, job_id: str, outcome: Outcome) -> None:
        try:
            job = await self.store.job(job_id)
            if job is not None:
                await self._canvas(job_id, job.canvas, outcome)
                await self._followers(job, outcome)
        except (*PASSING, OperationalError) as failed:
            # It stays noted, and the reconciler comes back to it.
            log.warning("canvas.waits", job_id=job_id, error=str(failed))
            return
        await persist(lambda: self.store.redis.zrem(self._ended, job_id))

    async def _followers(self, job: Job, outcome: Outcome) -> None:
        key = self.store.key("followers", job.id)
        for raw in await self.store.redis.lrange(key, 0, -1):
            follower = json.loads(raw)
            theirs = replace(outcome, job_id=follower["id"])
            meta = encode(theirs)
            await self.store.redis.set(RESULT_KEY + theirs.job_id, meta, ex=self.store.retention_s)
            await self.store.redis.publish(RESULT_KEY + theirs.job_id, meta)
            await self._canvas(theirs.job_id, follower["canvas"], theirs)
            await self.store.redis.lrem(key, 1, raw)

    async def _canvas(self, job_id: str, canvas: str, outcome: Outcome) -> None:
        if not canvas:
            return
        try:
            await asyncio.to_thread(go_on, self.app, job_id, canvas, outcome)
        except (*PASSING, OperationalError):
            raise
        except Exception as broken:  # a canvas is a foreign producer's, and may hold anything
            log.error("canvas.broken", job_id=job_id, error=repr(broken))
