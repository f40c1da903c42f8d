"""Jobs that failed for good, kept for people to look at, to hand in again, or to drop."""

from dataclasses import dataclass

from ..routing.lanes import alternate_queue
from .errors import JobNotFound
from .job import DEFAULT_DEADLINE_S, Job
from .store import Store
from .submission import read_link


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters of a fleet; a job stays among them for as long as its record is kept."""

    store: Store

    async def newest(self, *, at_most: int = 100) -> list[Job]:
        """The newest first. Those whose records have expired are forgotten on the way."""
        key = self.store.key("dead")
        found: list[Job] = []
        for raw in await self.store.redis.zrevrange(key, 0, at_most - 1):
            job_id = raw.decode()
            job = await self.store.job(job_id)
            if job is None:
                await self.store.redis.zrem(key, job_id)
            else:
                found.append(job)
        return found

    async def replay(self, job_id: str, *, deadline_s: float = DEFAULT_DEADLINE_S) -> None:
        """Queue a dead letter again as if it were new: no attempts used, no target tried, a new deadline, no result.

        What it has cost stays on its batch's account. Its ledger stays too: entries up to the record's `since` are from
        before, count no more, and no later one has their epochs. Raises JobNotFound if it is not among them.
        """
        job = await self.store.job(job_id)
        if job is None:
            raise self._absent(job_id)
        queue = alternate_queue(read_link(job.chain[0], 0).provider) if job.chain else job.lane
        if await self.store.replay(job_id, queue, ttl_s=deadline_s) != "done":
            raise self._absent(job_id)

    async def drop(self, job_id: str) -> None:
        """Forget a dead letter; its record and its outcome stay until they expire."""
        if not await self.store.redis.zrem(self.store.key("dead"), job_id):
            raise self._absent(job_id)

    def _absent(self, job_id: str) -> JobNotFound:
        return JobNotFound(f"no dead letter {job_id!r}; fleet dead-letter list shows those there are")
