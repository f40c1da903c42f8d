"""Batches: jobs submitted and followed together.

A batch keeps a bounded number of its jobs in each queue; the rest wait in the batch and are released as those end, by
the same script that ends them. So ten jobs of another agent are never behind a million, a cancel takes effect at once,
and jobs that only a dead target could run do not keep back those that others run.
"""

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from .errors import InvalidRequest, JobNotFound
from .job import JobState
from .results import Outcome
from .store import BATCH_CANCELLED, Store, no_batch

#: Jobs of one batch in one queue at a time, unless the batch says otherwise.
DEFAULT_WINDOW = 1000

_CHUNK = 500

#: What `replay.lua` leaves in a batch's list of ended jobs where a replayed one stood.
REPLAYED = "-"

_UNFINISHED = frozenset(state.value for state in JobState if not state.final)


def new_batch_id() -> str:
    return f"batch-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How a batch stands.

    total: jobs submitted so far. sealed: no more will come. in_flight: jobs that were released to their queues and have
    not ended. pending: jobs that wait in the batch for that. by_provider: succeeded jobs. cost_usd: what the priced
    answers cost together, rejected ones and those of workers that had lost their jobs included. unpriced: answers of
    unknown price. lost_calls: calls whose workers died or froze; what they had bought by then may be missing. refused:
    lines of its file that are no jobs.
    """

    id: str
    name: str
    agent: str
    created_at: datetime
    total: int
    sealed: bool
    cancelled: bool
    counts: Mapping[JobState, int]
    in_flight: int
    pending: int
    by_provider: Mapping[str, int]
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced: int
    lost_calls: int
    metadata: Mapping[str, str]
    refused: int = 0

    @property
    def done(self) -> int:
        return sum(self.counts.values())

    @property
    def without_answer(self) -> int:
        """Jobs that ended otherwise: failed, cancelled or expired."""
        return self.done - self.counts[JobState.SUCCEEDED]

    @property
    def finished(self) -> bool:
        return (self.sealed or self.cancelled) and self.done >= self.total


class Batches:
    """Batches in Redis, beside the store of their jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._redis = store.redis

    def _key(self, batch: str, *parts: str) -> str:
        return self._store.key("batch", batch, *parts)

    async def create(
        self,
        batch: str,
        *,
        name: str = "",
        agent: str = "default",
        window: int = DEFAULT_WINDOW,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """An empty batch of this id, or the one that has it already; the id."""
        if window < 1:
            raise InvalidRequest(f"window {window} would release no job of the batch; it must be 1 at least")
        created = datetime.now(UTC).timestamp()
        fields = {"name": name, "agent": agent, "window": window, "total": 0, "created": created}
        fields |= {f"meta:{key}": value for key, value in (metadata or {}).items()}
        async with self._redis.pipeline() as pipe:
            pipe.zadd(self._store.key("batches"), {batch: created}, nx=True)
            for field, value in fields.items():
                pipe.hsetnx(self._key(batch), field, str(value))
            _, new, *_ = await pipe.execute()
        if new:
            await self._redis.expire(self._key(batch), self._store.retention_s)  # until its first job comes
            await self._forget_oldest()
        return batch

    async def _forget_oldest(self) -> None:
        """Strike batches that have expired off the list; a few more each time than are added."""
        known = self._store.key("batches")
        oldest = await self._redis.zrange(known, 0, 3)
        for raw in oldest:
            if not await self._redis.exists(self._key(raw.decode())):
                await self._redis.zrem(known, raw)

    async def seal(self, batch: str) -> None:
        """No more jobs will come; the batch is finished when the last one is."""
        await self.status(batch)
        await self._redis.hset(self._key(batch), "sealed", "1")
        await self._redis.publish(self._key(batch), "sealed")

    async def status(self, batch: str) -> BatchStatus:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(self._key(batch))
            pipe.hlen(self._key(batch, "refused"))
            raw, refused = await pipe.execute()
        if not raw:
            raise no_batch(batch)
        return _status(batch, {k.decode(): v.decode() for k, v in raw.items()}, refused)

    async def newest(self, *, at_most: int = 50) -> list[BatchStatus]:
        """The newest batches, newest first."""
        known = self._store.key("batches")
        found: list[BatchStatus] = []
        for raw in await self._redis.zrevrange(known, 0, at_most - 1):
            try:
                found.append(await self.status(raw.decode()))
            except JobNotFound:
                await self._redis.zrem(known, raw)
        return found

    async def outcomes(
        self, batch: str, *, after: int = 0, follow: bool = False, poll_s: float = 0.25
    ) -> AsyncIterator[tuple[int, Outcome, str]]:
        """(position, outcome, custom id) of the jobs that ended, in the order of ending, from position `after` on.

        follow: go on until the batch is finished.
        """
        async with self._redis.pubsub() as news:
            await news.subscribe(self._key(batch))
            while True:
                finished = (await self.status(batch)).finished
                while True:
                    chunk = await self._chunk(batch, after)
                    for item in chunk:
                        after += 1
                        if item is not None:
                            yield after, *item
                    if len(chunk) < _CHUNK:
                        break
                if finished or not follow:
                    return
                await news.get_message(ignore_subscribe_messages=True, timeout=poll_s)

    async def _chunk(self, batch: str, after: int) -> list[tuple[Outcome, str] | None]:
        """None stands for a job that was replayed: it will end again, further on."""
        raw = await self._redis.lrange(self._key(batch, "done"), after, after + _CHUNK - 1)
        ids = [item.decode() for item in raw]
        found = await self._store.outcomes(ids)
        async with self._redis.pipeline(transaction=False) as pipe:
            for job_id in ids:
                pipe.hmget(self._store.key("job", job_id), "cid", "state")
            records = await pipe.execute()
        return [
            _ended(job_id, outcome, *((each or b"").decode() for each in record))
            for job_id, outcome, record in zip(ids, found, records, strict=True)
        ]

    async def refused(self, batch: str) -> list[bytes]:
        """What `Store.refuse` kept, in the order of the lines."""
        lines: dict[bytes, bytes] = await self._redis.hgetall(self._key(batch, "refused"))
        return [lines[number] for number in sorted(lines, key=int)]

    async def cancel(self, batch: str) -> int:
        """Cancel every job that has not ended; the number of jobs that were waiting or running."""
        await self.status(batch)
        async with self._redis.pipeline() as pipe:
            pipe.hset(self._key(batch), "stopped", "1")
            pipe.llen(self._key(batch, "jobs"))  # those that come later end as they come
            _, jobs = await pipe.execute()
        stopped = 0
        for at in range(0, jobs, _CHUNK):
            ids = await self._redis.lrange(self._key(batch, "jobs"), at, at + _CHUNK - 1)
            words = await self._store.end_waiting([item.decode() for item in ids], JobState.CANCELLED, BATCH_CANCELLED)
            stopped += sum(word in ("done", "asked") for word in words)
        return stopped


def _ended(job_id: str, outcome: Outcome | None, custom_id: str, state: str) -> tuple[Outcome, str] | None:
    """None if the job was replayed, be it before this batch's list was read or after."""
    if outcome is None:
        if job_id == REPLAYED or state in _UNFINISHED:
            return None
        outcome = Outcome(job_id, JobState.EXPIRED, error="its result is no longer kept")
    return outcome, custom_id


def _status(batch: str, fields: Mapping[str, str], refused: int) -> BatchStatus:
    total = int(fields["total"])
    counts = {state: int(fields.get(state.value, 0)) for state in JobState if state.final}
    in_flight = sum(int(count) for count in _after("in:", fields).values())
    return BatchStatus(
        id=batch,
        name=fields.get("name", ""),
        agent=fields.get("agent", "default"),
        created_at=datetime.fromtimestamp(float(fields["created"]), UTC),
        total=total,
        sealed="sealed" in fields,
        cancelled="stopped" in fields,
        counts=counts,
        in_flight=in_flight,
        pending=total - sum(counts.values()) - in_flight,
        by_provider={provider: int(count) for provider, count in _after("by:", fields).items()},
        input_tokens=int(fields.get("input_tokens", 0)),
        output_tokens=int(fields.get("output_tokens", 0)),
        cost_usd=int(fields.get("nano_usd", 0)) / 1e9,
        unpriced=int(fields.get("unpriced", 0)),
        lost_calls=int(fields.get("lost_calls", 0)),
        metadata=_after("meta:", fields),
        refused=refused,
    )


def _after(prefix: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in fields.items() if name.startswith(prefix)}
