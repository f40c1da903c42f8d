"""Calls to Redis that outlast its absence: a restart, a cut connection, a failover."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog

from ..tasks.connection import PASSING

_T = TypeVar("_T")

log = structlog.get_logger()

#: Seconds for which a finished answer is kept for Redis to come back.
PATIENCE_S = 900.0


@dataclass(slots=True)
class _Outage:
    """An absence of Redis, which all calls of the process share. waiting: those that repeat themselves."""

    waiting: int = 0
    began: float = 0.0

    @contextmanager
    def waits(self, error: Exception, patience_s: float) -> Generator[None]:
        """One more call waits. Told of the first only: at a time there may be hundreds."""
        if self.waiting == 0:
            self.began = time.monotonic()
            log.warning("redis.lost", error=str(error), patience_s=patience_s)
        self.waiting += 1
        try:
            yield
        except BaseException:
            self.waiting -= 1
            raise
        self.waiting -= 1
        if self.waiting == 0:
            log.info("redis.returned", away_s=round(time.monotonic() - self.began, 3))


_outage = _Outage()


async def persist(call: Callable[[], Awaitable[_T]], *, patience_s: float = PATIENCE_S, pause_s: float = 0.2) -> _T:
    """Repeat a call while Redis is away. Every script tolerates being repeated after a lost reply."""
    try:
        return await call()
    except PASSING as failed:
        with _outage.waits(failed, patience_s):
            return await _repeated(call, time.monotonic() + patience_s, pause_s)


async def _repeated(call: Callable[[], Awaitable[_T]], give_up_at: float, pause_s: float) -> _T:
    while True:
        await asyncio.sleep(pause_s)
        try:
            return await call()
        except PASSING:
            if time.monotonic() >= give_up_at:
                raise
