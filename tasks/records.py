"""Reading the records of jobs in Redis."""

from collections.abc import Sequence

from .connection import AsyncRedis
from .job import Attempt, Job, JobSpec
from .messages import STEPS, list_at
from .record import read, read_spec
from .results import RESULT_KEY, Outcome, decode


class Records:
    """What is known of jobs. Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self.redis = redis
        self.namespace = namespace

    def key(self, *parts: str) -> str:
        return ":".join((self.namespace, *parts))

    async def waiting(self, queue: str, *, skip: int = 0, at_most: int) -> list[str]:
        """Ids of the jobs that wait in a queue, the longest first within each priority, without the first `skip`."""
        found: list[str] = []
        for step in STEPS:
            if len(found) == at_most:
                break
            key = self.key("wait", list_at(queue, step))
            members = await self.redis.zrange(key, skip, skip + at_most - len(found) - 1)
            found += [member.decode() for member in members]
            skip = max(0, skip - await self.redis.zcard(key))
        return found

    async def job(self, job_id: str) -> Job | None:
        """None if it is not known, or its record cannot be read."""
        (found,) = await self.jobs([job_id])
        return found

    async def jobs(self, ids: Sequence[str]) -> list[Job | None]:
        async with self.redis.pipeline(transaction=False) as pipe:
            for job_id in ids:
                pipe.hgetall(self.key("job", job_id))
            found = await pipe.execute()
        return [read(job_id, fields) for job_id, fields in zip(ids, found, strict=True)]

    async def spec(self, job_id: str) -> JobSpec | None:
        raw = await self.redis.get(self.key("spec", job_id))
        return read_spec(raw) if raw else None

    async def attempts(self, job_id: str, *, after: int = 0) -> list[Attempt]:
        """The job's ledger entries after an epoch, oldest first.

        An epoch has one attempt: what its worker told after all replaces that the worker died.
        """
        raw = await self.redis.lrange(self.key("try", job_id), 0, -1)
        entries = [Attempt.model_validate_json(item, extra="ignore") for item in raw]
        return list({each.epoch: each for each in entries if each.epoch > after}.values())

    async def outcome(self, job_id: str) -> Outcome | None:
        """How the job ended, None while it has not."""
        raw = await self.redis.get(RESULT_KEY + job_id)
        return decode(job_id, raw) if raw else None

    async def outcomes(self, ids: Sequence[str]) -> list[Outcome | None]:
        if not ids:
            return []
        found = await self.redis.mget([RESULT_KEY + job_id for job_id in ids])
        return [decode(job_id, raw) if raw else None for job_id, raw in zip(ids, found, strict=True)]
