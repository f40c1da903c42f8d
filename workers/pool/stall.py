"""Notices that Celery's consumer takes no messages although there are some and slots are free.

A call of Celery's own loop that hangs in a dead connection, or a queue that is lost to it when it connects anew, shows
nowhere else: the process lives, and its duties go on telling the fleet that the pool is well.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from ...tasks.connection import PASSING, AsyncRedis
from ...tasks.messages import STEPS, list_at

log = structlog.get_logger()

_LOOK_EVERY_S = 1.0
#: So many looks in a row, rather than so many seconds: a process that was frozen has not looked meanwhile.
LOOKS = 30


@dataclass(slots=True)
class StallWatch:
    """expected: the queues whose messages must come now; none while the pool is full or stops. on_stall: called once,
    when they do not.
    """

    redis: AsyncRedis
    expected: Callable[[], Iterable[str]]
    on_stall: Callable[[], None]
    _looks: int = 0

    def delivered(self) -> None:
        """A message has come."""
        self._looks = 0

    async def watch(self) -> None:
        """Look until the consumer has stalled."""
        waiting = 0
        while self._looks < LOOKS:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                waiting = await self._waiting()
            except PASSING:
                waiting = 0
            self._looks = self._looks + 1 if waiting else 0
        log.critical("consumer.stalled", waiting=waiting, waited_s=LOOKS * _LOOK_EVERY_S)
        self.on_stall()

    async def _waiting(self) -> int:
        """Messages in the queues from which they must come."""
        async with self.redis.pipeline(transaction=False) as pipe:
            for queue in self.expected():
                for step in STEPS:
                    pipe.llen(list_at(queue, step))
            return sum(await pipe.execute())
