"""Faults that strike single jobs: their messages, and people who change their minds."""

from collections.abc import Mapping
from dataclasses import dataclass

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.messages import STEPS, list_at

from .faults import Fault, Strike
from .striker import Way


@dataclass(frozen=True, slots=True)
class OnJobs:
    client: AsyncClient

    @property
    def ways(self) -> Mapping[Fault, Way]:
        return {
            Fault.DUPLICATE_MESSAGE: self._duplicate,
            Fault.REMOVE_MESSAGE: self._remove,
            Fault.CANCEL_JOB: self._cancel,
        }

    async def _duplicate(self, strike: Strike) -> bool:
        found = await self._message(strike)
        return found is not None and bool(await self.client.redis.rpush(*found))

    async def _remove(self, strike: Strike) -> bool:
        found = await self._message(strike)
        return found is not None and bool(await self.client.redis.lrem(found[0], 1, found[1]))

    async def _message(self, strike: Strike) -> tuple[str, bytes] | None:
        """The list in which a message waits, and the message."""
        redis, store = self.client.redis, self.client.store
        queues = sorted(raw.decode() for raw in await redis.smembers(store.key("queues")))
        keys = [list_at(queue, step) for queue in queues for step in STEPS]
        filled = [(key, length) for key in keys if (length := await redis.llen(key))]
        if not filled:
            return None
        key, length = filled[int(strike.where * len(filled))]
        message = await redis.lindex(key, int(strike.where * length))
        return (key, message) if message else None

    async def _cancel(self, _: Strike) -> bool:
        unfinished = await self.client.redis.zrandmember(self.client.store.key("deadlines"))
        if unfinished is not None:
            await self.client.cancel(unfinished.decode())
        return unfinished is not None
