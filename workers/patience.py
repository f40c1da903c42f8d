"""Calls to Redis that outlast its absence: a restart, a cut connection, a failover."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from ..tasks.connection import PASSING

_T = TypeVar("_T")

log = structlog.get_logger()

#: Seconds for which a finished answer is kept for Redis to come back.
PATIENCE_S = 900.0


async def persist(call: Callable[[], Awaitable[_T]], *, patience_s: float = PATIENCE_S, pause_s: float = 0.2) -> _T:
    """Repeat a call while Redis is away. Every script tolerates being repeated after a lost reply."""
    give_up_at = time.monotonic() + patience_s
    told = False
    while True:
        try:
            return await call()
        except PASSING as failed:
            if time.monotonic() >= give_up_at:
                raise
            if not told:
                log.warning("redis.lost", error=str(failed), patience_s=patience_s)
                told = True
            await asyncio.sleep(pause_s)
