"""Hand in jobs and get their answers. `AsyncClient` is the client; `sync_client.Client` is the same for threads."""

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import SecretStr

from ..routing.calibration import Calibration, Kind
from ..routing.directory import Directory
from .answer import Answer
from .batch import DEFAULT_WINDOW, Batches, BatchStatus, new_batch_id
from .connection import connect, passes, translated
from .errors import FleetUnavailable, InvalidRequest, JobNotFound, NoTarget, UnknownName
from .estimates import calibrations
from .fleet_state import FleetState, Snapshot
from .job import Attempt, Job, JobSpec, JobState
from .messages import message_template
from .overlapped import breathing, overlapped
from .prepared import Prepared
from .preparing import Preparers
from .results import Outcome
from .store import Store
from .stream import Piece
from .stream import read as read_pieces
from .submission import Preparer, chain_of, parse_spec
from .waiting import Waiting

_T = TypeVar("_T")

Spec = JobSpec | Mapping[str, Any]
Specs = Iterable[Spec] | AsyncIterable[Spec]

#: Jobs stored in one round trip when many are submitted. Lua hands no more than some thousand values to a command.
CHUNK = 250
#: Bytes of requests after which a chunk is stored though it has fewer jobs.
CHUNK_BYTES = 8 * 1024 * 1024

#: Seconds between two looks whether Redis is back.
_LOOK_EVERY_S = 0.2


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
        self._waiting = Waiting(self.store)
        self._wait_s = wait_for_redis_s
        self._preparers = Preparers(lambda: self._call(self.fleet.directory), directory, self._learned)

    async def __aenter__(self) -> Self:
        try:
            await self.ping()
        except BaseException:
            await self.redis.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.redis.aclose()

    async def ping(self) -> None:
        """Raise FleetUnavailable unless Redis answers within the waiting time."""
        await self._call(self.redis.ping)

    async def _call(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """What the call gives; repeated while Redis is away, for as long as this client waits."""
        give_up_at = time.monotonic() + self._wait_s
        while True:
            try:
                with translated(self.redis_url):
                    return await call()
            except FleetUnavailable as failed:
                if not passes(failed) or time.monotonic() >= give_up_at:
                    raise
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _learned(self) -> dict[Kind, Calibration]:
        return await self._call(lambda: calibrations(self.redis, namespace=self.store.namespace))

    async def _outlast(self, failed: FleetUnavailable) -> None:
        """Return when Redis is back; raise what failed if it has not gone away."""
        if not passes(failed):
            raise failed
        await self.ping()
        await asyncio.sleep(_LOOK_EVERY_S)

    async def directory(self) -> Directory:
        """The fleet's providers and routes; an empty one before any pool has started."""
        return (await self.preparer()).directory

    def use(self, directory: Directory) -> None:
        """Go by these providers and routes from now on."""
        self._preparers.use(directory)

    async def preparer(self, *, anew: bool = False) -> Preparer:
        """What turns specs into records, by the fleet's directory; anew: as it is this moment."""
        return await (self._preparers.newest() if anew else self._preparers.current())

    async def submit(self, spec: Spec, *, job_id: str | None = None, canvas: str = "", must_run: bool = False) -> str:
        """Hand in one job; its id, or that of the first job with the same idempotency key.

        must_run: raise NoTarget unless a living pool could take it now. Raises InvalidRequest, UnknownName, NoTarget,
        FleetUnavailable; nothing is stored then.
        """
        prepared = await self._preparers.prepare(parse_spec(spec), job_id=job_id, canvas=canvas)
        if must_run:
            await self._someone_runs(prepared)
        return (await self._call(lambda: self.store.submit([prepared])))[0]

    async def submit_many(self, specs: Specs, *, batch: str = "") -> AsyncGenerator[list[str]]:
        """Hand in any number of jobs, chunk by chunk with bounded memory; yields the ids of each chunk.

        Raises InvalidRequest, UnknownName or NoTarget at the first job that cannot be one; chunks before its own are
        stored then.
        """
        async with aclosing(self.hand_in(self._prepared(specs), batch=batch)) as stored:
            async for ids in stored:
                yield ids

    async def hand_in(self, jobs: AsyncIterable[Sequence[Prepared]], *, batch: str = "") -> AsyncGenerator[list[str]]:
        """Store prepared jobs, which come a few at a time; yields the ids of each chunk.

        Redis stores one chunk while the next is prepared. Waits while Redis is away as the client does, then raises
        FleetUnavailable.
        """

        # What was stored before a connection broke is known by its id, and is not stored twice.
        async def store(chunk: Sequence[Prepared]) -> list[str]:
            return await self._call(lambda: self.store.submit(chunk, batch=batch))

        chunks = overlapped(jobs, CHUNK, store, weight=lambda job: len(job.spec), heaviest=CHUNK_BYTES)
        async with aclosing(chunks) as stored:
            async for ids in stored:
                yield ids

    async def _prepared(self, specs: Specs) -> AsyncGenerator[list[Prepared]]:
        if isinstance(specs, AsyncIterable):
            async for spec in specs:
                yield [await self._preparers.prepare(parse_spec(spec))]
            return
        async for few in breathing(specs):
            made: list[Prepared] = []
            try:
                for spec in few:
                    made.append(await self._preparers.prepare(parse_spec(spec)))  # noqa: PERF401 - kept if the next one fails
            except (InvalidRequest, UnknownName, NoTarget):
                # Those before it may complete a chunk, which is to stand.
                yield made
                raise
            yield made

    async def submit_batch(
        self,
        specs: Specs,
        *,
        name: str = "",
        agent: str = "default",
        window: int = DEFAULT_WINDOW,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Hand in jobs as one batch; its id. window: its jobs in each queue at a time."""
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
        batch = batch_id or new_batch_id()
        return await self._call(
            lambda: self.batches.create(batch, name=name, agent=agent, window=window, metadata=metadata)
        )

    async def seal_batch(self, batch: str) -> None:
        """No more jobs will come; the batch is finished when the last one is."""
        await self._call(lambda: self.batches.seal(batch))

    async def job(self, job_id: str) -> Job:
        job = await self._call(lambda: self.store.job(job_id))
        if job is None:
            raise self._absent(job_id)
        return job

    async def spec(self, job_id: str) -> JobSpec:
        """The job as it was handed in."""
        spec = await self._call(lambda: self.store.spec(job_id))
        if spec is None:
            raise self._absent(job_id)
        return spec

    def _absent(self, job_id: str) -> JobNotFound:
        kept_days = self.store.retention_s // 86_400
        return JobNotFound(f"no job {job_id!r}; finished jobs are kept for {kept_days} days")

    async def attempts(self, job_id: str, *, this_run: bool = False) -> list[Attempt]:
        """The job's ledger, oldest first. this_run: without what is from before it was replayed."""
        job = await self._call(lambda: self.store.job(job_id)) if this_run else None
        return await self._call(lambda: self.store.attempts(job_id, after=job.since if job else 0))

    async def wait(self, job_id: str, *, timeout_s: float | None = None) -> Outcome:
        """How the job ended; waits for it. Raises TimeoutError after `timeout_s`, JobNotFound."""
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    with translated(self.redis_url):
                        outcome = await self._waiting.outcome(job_id)
                except FleetUnavailable as failed:
                    await self._outlast(failed)
                    continue
                if outcome is None:
                    raise self._absent(job_id)
                return outcome

    async def result(self, job_id: str, *, timeout_s: float | None = None) -> Answer:
        """The job's answer; waits for it. Raises JobFailed, JobCancelled, JobExpired, TimeoutError, JobNotFound."""
        return (await self.wait(job_id, timeout_s=timeout_s)).unwrap()

    async def stream(self, job_id: str, *, after: str = "0") -> AsyncGenerator[Piece]:
        """The pieces of a job's answer as they are made, up to its END; `after` a piece's offset goes on where it was.

        A RESET voids what came before it. No pieces come of a job that was not handed in with `stream=True`, nor of one
        that ended more than an hour ago; its answer is there all the same.
        Raises JobNotFound, FleetUnavailable.
        """
        await self.job(job_id)
        while True:
            try:
                with translated(self.redis_url):
                    async for piece in read_pieces(self.store, job_id, after=after):
                        after = piece.offset
                        yield piece
                    return
            except FleetUnavailable as failed:
                await self._outlast(failed)

    async def run(self, spec: Spec, *, timeout_s: float | None = None) -> Answer:
        """Submit, and wait for the answer."""
        return await self.result(await self.submit(spec), timeout_s=timeout_s)

    async def cancel(self, job_id: str, *, reason: str = "cancelled by request") -> JobState:
        """Cancel a job; the state it is in then: `cancelled`, `running` (its pool stops it at once), or how it had
        ended already.
        """
        (word,) = await self._call(lambda: self.store.end_waiting([job_id], JobState.CANCELLED, reason))
        if word == "missing":
            raise self._absent(job_id)
        return {"done": JobState.CANCELLED, "asked": JobState.RUNNING}.get(word) or JobState(word)

    async def keep_refused(self, batch: str, lines: Mapping[int, bytes]) -> None:
        """Keep the lines of its file that cannot be jobs, as JSON, by number, for who fetches its output later."""
        await self._call(lambda: self.store.refuse(batch, lines))

    async def refused(self, batch: str) -> list[bytes]:
        """What `keep_refused` kept, in the order of the lines."""
        return await self._call(lambda: self.batches.refused(batch))

    async def newest_batches(self, *, at_most: int = 50) -> list[BatchStatus]:
        """The newest batches, newest first."""
        return await self._call(lambda: self.batches.newest(at_most=at_most))

    async def batch_status(self, batch: str) -> BatchStatus:
        return await self._call(lambda: self.batches.status(batch))

    async def cancel_batch(self, batch: str) -> int:
        """Cancel every job of a batch that has not ended; how many there were."""
        return await self._call(lambda: self.batches.cancel(batch))

    async def outcomes(
        self, batch: str, *, after: int = 0, follow: bool = False
    ) -> AsyncGenerator[tuple[int, Outcome, str]]:
        """(position, outcome, custom id) of a batch's jobs in the order of ending; follow: until the batch is finished.

        While Redis is away it waits as `wait_for_redis_s` says, and goes on where it was.
        """
        while True:
            try:
                with translated(self.redis_url):
                    async for item in self.batches.outcomes(batch, after=after, follow=follow):
                        after = item[0]
                        yield item
                    return
            except FleetUnavailable as failed:
                await self._outlast(failed)

    async def snapshot(self) -> Snapshot:
        """The worker processes and how they stand."""
        return await self._call(self.fleet.snapshot)

    async def _someone_runs(self, prepared: Prepared) -> None:
        """Raise NoTarget unless a living pool takes jobs of this job's chain now."""
        directory = (await self.preparer()).directory
        pools = (await self.snapshot()).pools()
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
