"""The client for programs without an event loop: `AsyncClient` on a loop in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import SecretStr

from ..routing.directory import Directory
from .answer import Answer
from .batch import DEFAULT_WINDOW, BatchStatus
from .client import AsyncClient, Spec
from .job import Attempt, Job, JobState
from .results import Outcome
from .stream import Piece

_T = TypeVar("_T")


class Client:
    """The calls of `AsyncClient`, blocking. Safe to share between threads.

    >>> with Client("redis://localhost:6379/0") as client:
    ...     print(client.run(JobSpec.from_prompt("Say hello")).text)
    """

    def __init__(
        self,
        redis_url: str | SecretStr,
        *,
        directory: Directory | None = None,
        namespace: str = "wf",
        wait_for_redis_s: float = 0.0,
    ) -> None:
        # First, because it may raise, and a thread would stay behind.
        self._client = AsyncClient(
            redis_url, directory=directory, namespace=namespace, wait_for_redis_s=wait_for_redis_s
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="workfleet-client", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        try:
            self._do(self._client.ping())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._do(self._client.redis.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        if self._loop.is_closed():
            work.close()
            raise RuntimeError("the client is closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _stream(self, items: AsyncGenerator[_T]) -> Iterator[_T]:
        async def following() -> tuple[_T, ...]:
            async for item in items:
                return (item,)
            return ()

        async def leave() -> None:
            await items.aclose()

        try:
            while found := self._do(following()):
                yield found[0]
        finally:
            if not self._loop.is_closed():
                self._do(leave())

    def submit(self, spec: Spec, *, must_run: bool = False) -> str:
        return self._do(self._client.submit(spec, must_run=must_run))

    def submit_batch(
        self,
        specs: Iterable[Spec],
        *,
        name: str = "",
        agent: str = "default",
        window: int = DEFAULT_WINDOW,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        return self._do(self._client.submit_batch(specs, name=name, agent=agent, window=window, metadata=metadata))

    def run(self, spec: Spec, *, timeout_s: float | None = None) -> Answer:
        return self._do(self._client.run(spec, timeout_s=timeout_s))

    def result(self, job_id: str, *, timeout_s: float | None = None) -> Answer:
        return self._do(self._client.result(job_id, timeout_s=timeout_s))

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> Outcome:
        return self._do(self._client.wait(job_id, timeout_s=timeout_s))

    def stream(self, job_id: str, *, after: str = "0") -> Iterator[Piece]:
        return self._stream(self._client.stream(job_id, after=after))

    def job(self, job_id: str) -> Job:
        return self._do(self._client.job(job_id))

    def attempts(self, job_id: str) -> list[Attempt]:
        return self._do(self._client.attempts(job_id))

    def cancel(self, job_id: str) -> JobState:
        return self._do(self._client.cancel(job_id))

    def batch_status(self, batch: str) -> BatchStatus:
        return self._do(self._client.batch_status(batch))

    def cancel_batch(self, batch: str) -> int:
        return self._do(self._client.cancel_batch(batch))

    def outcomes(self, batch: str, *, after: int = 0, follow: bool = False) -> Iterator[tuple[int, Outcome, str]]:
        return self._stream(self._client.outcomes(batch, after=after, follow=follow))
