"""Has jobs that wait for one provider looked at again at once, when something has changed that they may wait for.

They come seldom by themselves: thousands may wait for a provider that somebody has drained.
"""

import asyncio
from dataclasses import dataclass, field

from ...tasks.connection import PASSING
from ...tasks.store import Store

_AT_ONCE = 500


@dataclass(slots=True)
class Recall:
    """queue: the provider's own."""

    store: Store
    queue: str
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)

    def want(self) -> None:
        """Have it done soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Do it whenever it is wanted, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.once()
            except PASSING:
                self._wanted.set()
                await asyncio.sleep(1.0)

    async def once(self) -> None:
        """Make every job due now that was put back into the queue for later."""
        redis, snoozed, cursor = self.store.redis, self.store.key("snoozed"), 0
        while True:
            cursor, found = await redis.zscan(snoozed, cursor, count=_AT_ONCE)
            await self._due([job_id.decode() for job_id, _ in found])
            if cursor == 0:
                return

    async def _due(self, ids: list[str]) -> None:
        redis, snoozed = self.store.redis, self.store.key("snoozed")
        async with redis.pipeline(transaction=False) as pipe:
            pipe.time()
            for job_id in ids:
                pipe.hget(self.store.key("job", job_id), "queue")
            (seconds, _), *queues = await pipe.execute()
        own = {
            job_id: seconds * 1000 for job_id, queue in zip(ids, queues, strict=True) if queue == self.queue.encode()
        }
        if own:
            # What was released meanwhile, or is due sooner, stays as it is.
            await redis.zadd(snoozed, own, xx=True, lt=True)
