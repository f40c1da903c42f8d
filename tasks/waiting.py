"""Waiting for the ends of any number of jobs, over one connection.

Redis tells of each end when it comes. What it told while a connection was broken is lost, so all jobs are also looked
for every second.
"""

import asyncio
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from .results import RESULT_KEY, Outcome, decode
from .store import Store

#: Seconds between two looks for jobs whose end nobody has told.
LOOK_EVERY_S = 1.0
_AT_ONCE = 500


class Waiting:
    """Who waits for which job. Errors of Redis pass through as they are, to everybody who waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, list[asyncio.Future[Outcome]]] = {}
        self._lock = asyncio.Lock()
        self._news: Any = None  # redis-py's PubSub, while somebody waits
        self._listening: asyncio.Task[None] | None = None

    async def outcome(self, job_id: str) -> Outcome | None:
        """How the job ended; waits for it. None if there is no such job."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job_id, []).append(future)
        try:
            await self._subscribe(job_id)
            found = await self._store.outcome(job_id)
            if found is None and await self._store.job(job_id) is None:
                return None
            return found or await future
        finally:
            await self._leave(job_id, future)

    async def _subscribe(self, job_id: str) -> None:
        async with self._lock:
            if self._news is None:
                self._news = self._store.redis.pubsub(ignore_subscribe_messages=True)
            await self._news.subscribe(RESULT_KEY + job_id)
            if self._listening is None or self._listening.done():
                self._listening = asyncio.create_task(self._listen())

    async def _leave(self, job_id: str, future: "asyncio.Future[Outcome]") -> None:
        if not future.cancel() and not future.cancelled():
            future.exception()  # it may have failed before anybody awaited it
        async with self._lock:
            self._waiting[job_id].remove(future)
            if self._waiting[job_id]:
                return
            del self._waiting[job_id]
            if not self._waiting:
                await self._close()
            elif self._news is not None:
                with suppress(RedisError):
                    await self._news.unsubscribe(RESULT_KEY + job_id)

    async def _close(self) -> None:
        news, listening = self._news, self._listening
        self._news = self._listening = None
        if listening is not None:
            listening.cancel()
            await asyncio.wait([listening])
        if news is not None:
            await news.aclose()

    async def _listen(self) -> None:
        """Until nobody waits any more, or Redis is away."""
        try:
            loop = asyncio.get_running_loop()
            look_at = loop.time() + LOOK_EVERY_S
            while True:
                message = await self._news.get_message(timeout=max(0.001, look_at - loop.time()))
                if message is not None:
                    self._tell(message["channel"].decode().removeprefix(RESULT_KEY), message["data"])
                if loop.time() >= look_at:
                    await self._look()
                    look_at = loop.time() + LOOK_EVERY_S
        except Exception as failed:  # whatever it is: nobody may wait in vain
            for future in [future for futures in self._waiting.values() for future in futures]:
                if not future.done():
                    future.set_exception(failed)

    async def _look(self) -> None:
        ids = list(self._waiting)
        for at in range(0, len(ids), _AT_ONCE):
            for outcome in await self._store.outcomes(ids[at : at + _AT_ONCE]):
                if outcome is not None:
                    self._settle(outcome)

    def _tell(self, job_id: str, raw: bytes) -> None:
        if job_id in self._waiting:
            self._settle(decode(job_id, raw))

    def _settle(self, outcome: Outcome) -> None:
        for future in self._waiting.get(outcome.job_id, ()):
            if not future.done():
                future.set_result(outcome)
