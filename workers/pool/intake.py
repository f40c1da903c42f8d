"""Takes in what Celery's producers hand in, and loses none of it.

Such a message is the only copy of a job that has no record yet. So it is not consumed as the lanes are, where a message
that dies with its worker is of no account: it moves from the queue to a list of this node in one step, and leaves that
when the job is stored. What a node leaves behind goes back to the queue. A message that is taken in twice is one job,
because its id is.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from celery import Celery

from ...tasks.client import AsyncClient
from ...tasks.connection import PASSING
from ...tasks.errors import FleetError, FleetUnavailable, InvalidRequest, JobExpired
from ...tasks.messages import FOREIGN_STEPS, list_at
from ...tasks.queues import SUBMIT_QUEUE, SUBMIT_TASK
from .canvas import canvas_of, refuse
from .celery_message import HandedIn, Unreadable, read
from .continuing import Continuing
from .previous import filled_in

log = structlog.get_logger()

_WAIT_S = 1.0
_AT_MOST = 64
_TIDY_EVERY_S = 3.0


@dataclass(slots=True)
class Intake:
    """app: where refusals are told, and their canvases go on. draining: nothing more is taken in."""

    node: str
    client: AsyncClient
    app: Celery
    continuing: Continuing
    draining: bool = False
    _tidied_at: float = 0.0

    async def run(self) -> None:
        """Work until it drains."""
        away = False
        while not self.draining:
            try:
                await self.once()
                away = False
            except (*PASSING, FleetUnavailable) as failed:
                if not away:
                    log.warning("intake.waits", error=str(failed))
                away = True
                await asyncio.sleep(_WAIT_S)

    async def once(self, *, wait_s: float = _WAIT_S) -> None:
        """Wait for a message, and hand in what has come by then."""
        redis = self.client.redis
        await self._tidy()
        await redis.sadd(self._nodes, self.node)
        await redis.blmove(SUBMIT_QUEUE, self._taken(self.node), wait_s, src="RIGHT", dest="LEFT")
        await self._take(_AT_MOST)
        await self._hand_in_all(await redis.lrange(self._taken(self.node), -_AT_MOST, -1))

    async def give_back(self, node: str) -> None:
        """Put what a node has taken and not handed in where it was."""
        while await self.client.redis.lmove(self._taken(node), SUBMIT_QUEUE, src="LEFT", dest="RIGHT"):
            pass
        await self.client.redis.srem(self._nodes, node)

    @property
    def _nodes(self) -> str:
        return self.client.store.key("intakes")

    def _taken(self, node: str) -> str:
        return self.client.store.key("intake", node)

    async def _take(self, at_most: int) -> None:
        """Whatever is there, of every priority that producers may have."""
        lists = [list_at(SUBMIT_QUEUE, step) for step in FOREIGN_STEPS]
        async with self.client.redis.pipeline(transaction=False) as pipe:
            for name in lists:
                pipe.llen(name)
            lengths = await pipe.execute()
            wanted = [name for name, length in zip(lists, lengths, strict=True) for _ in range(min(length, at_most))]
            for name in wanted[:at_most]:
                pipe.lmove(name, self._taken(self.node), src="RIGHT", dest="LEFT")
            await pipe.execute()

    async def _tidy(self) -> None:
        """See to what dead nodes have left, and to what has had to wait for its time."""
        if time.monotonic() - self._tidied_at < _TIDY_EVERY_S:
            return
        living = {node.node for node in (await self.client.fleet.snapshot()).living} | {self.node}
        for raw in await self.client.redis.smembers(self._nodes):
            if (node := raw.decode()) not in living:
                await self.give_back(node)
        await self.client.store.hand_in_due(SUBMIT_QUEUE)
        self._tidied_at = time.monotonic()

    async def _hand_in_all(self, messages: Sequence[bytes]) -> None:
        ended = await asyncio.gather(*map(self._hand_in, messages), return_exceptions=True)
        for failed in ended:
            if failed is not None:
                raise failed

    async def _hand_in(self, raw: bytes) -> None:
        try:
            call = read(raw)
        except Unreadable as wrong:
            log.error("intake.unreadable", error=str(wrong), message_bytes=len(raw))
        else:
            if await self._is_early(call, raw):
                return
            await self._store(call)
        await self.client.redis.lrem(self._taken(self.node), 1, raw)

    async def _is_early(self, call: HandedIn, raw: bytes) -> bool:
        if call.starts_at is None:
            return False
        return await self.client.store.postpone(self._taken(self.node), raw, call.starts_at)

    async def _store(self, call: HandedIn) -> None:
        canvas = canvas_of(call.request)
        try:
            stored = await self.client.submit(await self._spec(call), job_id=call.id, canvas=canvas)
        except FleetUnavailable:
            raise
        except FleetError as wrong:
            await asyncio.to_thread(refuse, self.app, call.request, wrong)
            return
        if stored != call.id:
            await self.continuing.follow(stored, call.id, canvas)

    async def _spec(self, call: HandedIn) -> dict[str, object]:
        if call.task != SUBMIT_TASK:
            raise InvalidRequest(f"unknown task {call.task!r}; the queue {SUBMIT_QUEUE!r} takes {SUBMIT_TASK!r}")
        spec = filled_in(call.spec, call.previous)
        if call.expires_at is None:
            return spec
        seconds, micro = await self.client.redis.time()
        return _until(call.expires_at - seconds - micro / 1e6, spec)


def _until(left_s: float, spec: dict[str, object]) -> dict[str, object]:
    """The spec of a job that has so long."""
    if left_s <= 0:
        raise JobExpired("it expired before it was taken in")
    wanted = spec.get("deadline_s", left_s)
    return {**spec, "deadline_s": min(wanted, left_s) if isinstance(wanted, int | float) else wanted}
