"""Hand in jobs and get their answers. `AsyncClient` is the client; `sync_client.Client` is the same for threads."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr

from ..routing.directory import Directory
from .answer import Answer
from .batch import DEFAULT_WINDOW, Batches, BatchStatus
from .connection import PASSING, connect, translated
from .errors import FleetUnavailable, JobNotFound, NoTarget
from .fleet_state import FleetState, Snapshot
from .job import Attempt, Job, JobSpec, JobState
from .messages import message_template
from .overlapped import breathing, chunked, overlapped
from .prepared import Prepared
from .results import RESULT_KEY, Outcome, decode
from .store import Store
from .stream import Piece
from .stream import read as read_pieces
from .submission import Preparer, chain_of, parse_spec

#: Jobs stored in one round trip when many are submitted. Lua hands no more than some thousand values to a command.
CHUNK = 250

#: Seconds for which a client trusts the directory that it has read.
_DIRECTORY_FRESH_S = 5.0


class AsyncClient:
    """A client of the fleet behind a Redis.

    directory: the fleet's providers and routes, for callers that know them from a configuration; else what the pools
    have published is read. wait_for_redis_s: how long calls wait while Redis is away before they raise
    FleetUnavailable.

    >>> async with AsyncClient("redis://localhost:6379/0") as client:
    ...     job_id = await client.submit(JobSpec.from_prompt("Write a test for add(a, b)", task_type="test-generation"))
    ...     answer = await client.result(job_id, timeout_s=60)
    """

    def __init__(
        self,
        redis_url: str | SecretStr,
        *,
        directory: Directory | None = None,
        namespace: str = "wf",
        wait_for_redis_s: float = 0.0,
    ) -> None:
        self.redis_url = redis_url if isinstance(redis_url, SecretStr) else SecretStr(redis_url)
        self.redis = connect(self.redis_url)
        self.store = Store(self.redis, message_template(), namespace=namespace)
        self.batches = Batches(self.store)
        self.fleet = FleetState(self.redis, namespace=namespace)
        self._wait_s = wait_for_redis_s
        self._given = directory
        self._preparer: tuple[float, Preparer] | None = None

    async def __aenter__(self) -> Self:
        await self.ping()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.redis.aclose()

    async def ping(self) -> None:
        """Raise FleetUnavailable unless Redis answers within the waiting time."""
        deadline = time.monotonic() + self._wait_s
        while True:
            try:
                with translated(self.redis_url):
                    await self.redis.ping()
                    return
            except FleetUnavailable:
                if time.monotonic() >= deadline:
                    raise
                await asyncio.sleep(0.2)

    @asynccontextmanager
    async def _redis(self) -> AsyncGenerator[None]:
        with translated(self.redis_url):
            yield

    async def directory(self) -> Directory:
        """The fleet's providers and routes; an empty one before any pool has started."""
        return (await self.preparer()).directory

    async def preparer(self) -> Preparer:
        """What turns specs into records, by the fleet's directory as it is now."""
        now = time.monotonic()
        if self._preparer is None or (self._given is None and now - self._preparer[0] > _DIRECTORY_FRESH_S):
            async with self._redis():
                found = self._given or await self.fleet.directory() or Directory()
            kept = self._preparer[1] if self._preparer and self._preparer[1].directory == found else Preparer(found)
            self._preparer = (now, kept)
        return self._preparer[1]

    async def submit(
        self, spec: JobSpec | Mapping[str, Any], *, job_id: str | None = None, canvas: str = "", must_run: bool = False
    ) -> str:
        """Hand in one job; its id, or that of the first job with the same idempotency key.

        must_run: raise NoTarget unless a living pool could take it now. Raises InvalidRequest, UnknownName, NoTarget,
        FleetUnavailable; nothing is stored then.
        """
        spec = spec if isinstance(spec, JobSpec) else parse_spec(spec)
        prepared = (await self.preparer()).prepare(spec, job_id=job_id, canvas=canvas)
        async with self._redis():
            if must_run:
                await self._someone_runs(prepared)
            return (await self.store.submit([prepared]))[0]

    async def submit_many(
        self, specs: Iterable[JobSpec] | AsyncIterable[JobSpec], *, batch: str = ""
    ) -> AsyncIterator[list[str]]:
        """Hand in any number of jobs, chunk by chunk with bounded memory; yields the ids of each chunk.

        Raises InvalidRequest, UnknownName or NoTarget at the first job that cannot be one; chunks before its own are
        stored then.
        """
        async with aclosing(self.hand_in(self._prepared(specs), batch=batch)) as stored:
            async for ids in stored:
                yield ids

    async def hand_in(self, chunks: AsyncIterable[Sequence[Prepared]], *, batch: str = "") -> AsyncGenerator[list[str]]:
        """Store prepared jobs; yields the ids of each chunk. Redis stores one while the next is prepared.

        Waits while Redis is away as the client does, then raises FleetUnavailable.
        """
        async with aclosing(overlapped(chunks, lambda prepared: self._store_chunk(prepared, batch))) as stored:
            async for ids in stored:
                yield ids

    async def _prepared(self, specs: Iterable[JobSpec] | AsyncIterable[JobSpec]) -> AsyncGenerator[list[Prepared]]:
        async for chunk in _chunks(specs, CHUNK):
            preparer = await self.preparer()
            yield [preparer.prepare(spec) async for spec in breathing(chunk)]

    async def _store_chunk(self, prepared: Sequence[Prepared], batch: str) -> list[str]:
        give_up_at = time.monotonic() + self._wait_s
        while True:
            try:
                async with self._redis():
                    return await self.store.submit(prepared, batch=batch)
            except FleetUnavailable as failed:
                if not isinstance(failed.__cause__, PASSING) or time.monotonic() >= give_up_at:
                    raise
                # What may have been stored before the connection broke is known by its id.
                await self.ping()

    async def submit_batch(
        self,
        specs: Iterable[JobSpec] | AsyncIterable[JobSpec],
        *,
        name: str = "",
        agent: str = "default",
        window: int = DEFAULT_WINDOW,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Hand in jobs as one batch; its id. window: its jobs in the queues at a time."""
        batch = await self.open_batch(name=name, agent=agent, window=window, metadata=metadata)
        async for _ in self.submit_many(specs, batch=batch):
            pass
        await self.seal_batch(batch)
        return batch

    async def open_batch(
        self,
        *,
        name: str = "",
        agent: str = "default",
        window: int = DEFAULT_WINDOW,
        metadata: Mapping[str, str] | None = None,
        batch_id: str | None = None,
    ) -> str:
        """An empty batch for `submit_many`; its id. With a `batch_id` that exists already, that batch."""
        async with self._redis():
            return await self.batches.create(
                name=name, agent=agent, window=window, metadata=metadata, batch_id=batch_id
            )

    async def seal_batch(self, batch: str) -> None:
        """No more jobs will come; the batch is finished when the last one is."""
        async with self._redis():
            await self.batches.seal(batch)

    async def job(self, job_id: str) -> Job:
        async with self._redis():
            job = await self.store.job(job_id)
        if job is None:
            raise JobNotFound(f"no job {job_id!r}; finished jobs are kept for {self.store.retention_s // 86_400} days")
        return job

    async def spec(self, job_id: str) -> JobSpec:
        """The job as it was handed in."""
        async with self._redis():
            spec = await self.store.spec(job_id)
        if spec is None:
            raise JobNotFound(f"no job {job_id!r}; finished jobs are kept for {self.store.retention_s // 86_400} days")
        return spec

    async def attempts(self, job_id: str) -> list[Attempt]:
        async with self._redis():
            return await self.store.attempts(job_id)

    async def wait(self, job_id: str, *, timeout_s: float | None = None) -> Outcome:
        """How the job ended; waits for it. Raises TimeoutError after `timeout_s`, JobNotFound."""
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    async with self._redis():
                        return await self._ended(job_id)
                except FleetUnavailable:
                    await self.ping()

    async def _ended(self, job_id: str) -> Outcome:
        async with self.redis.pubsub() as news:
            await news.subscribe(RESULT_KEY + job_id)
            outcome = await self.store.outcome(job_id)
            if outcome is None:
                await self.job(job_id)
            while outcome is None:
                message = await news.get_message(ignore_subscribe_messages=True, timeout=1.0)
                outcome = decode(job_id, message["data"]) if message else await self.store.outcome(job_id)
            return outcome

    async def result(self, job_id: str, *, timeout_s: float | None = None) -> Answer:
        """The job's answer; waits for it. Raises JobFailed, JobCancelled, JobExpired, TimeoutError, JobNotFound."""
        return (await self.wait(job_id, timeout_s=timeout_s)).unwrap()

    async def stream(self, job_id: str, *, after: str = "0") -> AsyncIterator[Piece]:
        """The pieces of a job's answer as they are made, up to its END; `after` a piece's offset goes on where it was.

        A RESET voids what came before it. A job that was not handed in with `stream=True` gives no pieces.
        Raises JobNotFound, FleetUnavailable.
        """
        await self.job(job_id)
        while True:
            try:
                async with self._redis():
                    async for piece in read_pieces(self.store, job_id, after=after):
                        after = piece.offset
                        yield piece
                    return
            except FleetUnavailable:
                await self.ping()

    async def run(self, spec: JobSpec | Mapping[str, Any], *, timeout_s: float | None = None) -> Answer:
        """Submit, and wait for the answer."""
        return await self.result(await self.submit(spec), timeout_s=timeout_s)

    async def cancel(self, job_id: str, *, reason: str = "cancelled by request") -> JobState:
        """Cancel a job; the state it is in then: `cancelled`, `running` (its pool stops it at once), or how it had
        ended already.
        """
        async with self._redis():
            (word,) = await self.store.end_waiting([job_id], JobState.CANCELLED, reason)
        if word == "missing":
            raise JobNotFound(f"no job {job_id!r}")
        return {"done": JobState.CANCELLED, "asked": JobState.RUNNING}.get(word) or JobState(word)

    async def keep_refused(self, batch: str, lines: Sequence[bytes]) -> None:
        """Keep the lines of its file that cannot be jobs, as JSON, for who fetches the batch's output later."""
        async with self._redis():
            await self.batches.keep_refused(batch, lines)

    async def refused(self, batch: str) -> list[bytes]:
        """What `keep_refused` kept, in its order."""
        async with self._redis():
            return await self.batches.refused(batch)

    async def newest_batches(self, *, at_most: int = 50) -> list[BatchStatus]:
        """The newest batches, newest first."""
        async with self._redis():
            return await self.batches.newest(at_most=at_most)

    async def batch_status(self, batch: str) -> BatchStatus:
        async with self._redis():
            return await self.batches.status(batch)

    async def cancel_batch(self, batch: str) -> int:
        """Cancel every job of a batch that has not ended; how many there were."""
        async with self._redis():
            return await self.batches.cancel(batch)

    async def outcomes(
        self, batch: str, *, after: int = 0, follow: bool = False
    ) -> AsyncIterator[tuple[int, Outcome, str]]:
        """(position, outcome, custom id) of a batch's jobs in the order of ending; follow: until the batch is finished.

        While Redis is away it waits as `wait_for_redis_s` says, and goes on where it was.
        """
        while True:
            try:
                async with self._redis():
                    async for item in self.batches.outcomes(batch, after=after, follow=follow):
                        after = item[0]
                        yield item
                    return
            except FleetUnavailable:
                await self.ping()

    async def snapshot(self) -> Snapshot:
        """The worker processes and how they stand."""
        async with self._redis():
            return await self.fleet.snapshot()

    async def _someone_runs(self, prepared: Prepared) -> None:
        """Raise NoTarget unless a living pool takes jobs of this job's chain now."""
        directory = (await self.preparer()).directory
        pools = (await self.fleet.snapshot()).pools()
        chain = chain_of(prepared.placed, directory)
        wanted = [link.provider for link in chain] or list(pools)
        skipped: dict[str, str] = {}
        for provider in wanted:
            pool = pools.get(provider)
            if pool is not None and pool.unavailable is None:
                return
            reason = pool.unavailable if pool else None
            skipped[provider] = reason or f"no worker runs (fleet worker --provider {provider})"
        raise NoTarget(skipped or {"any provider": "no worker runs (fleet up, or fleet worker --provider NAME)"})


async def _chunks(specs: Iterable[JobSpec] | AsyncIterable[JobSpec], size: int) -> AsyncIterator[list[JobSpec]]:
    if not isinstance(specs, AsyncIterable):
        for chunk in chunked(specs, size):
            yield chunk
        return
    gathered: list[JobSpec] = []
    async for spec in specs:
        gathered.append(spec)
        if len(gathered) == size:
            yield gathered
            gathered = []
    if gathered:
        yield gathered
