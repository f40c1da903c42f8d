"""Brings an embedded Redis back while others use it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import structlog

from ...tasks.errors import FleetUnavailable
from .server import EmbeddedRedis

log = structlog.get_logger()

_LOOK_EVERY_S = 1.0


@asynccontextmanager
async def kept_alive(redis: EmbeddedRedis, *, look_every_s: float = _LOOK_EVERY_S) -> AsyncGenerator[None]:
    """Starts the server again whenever it ends before the block does."""
    watching = asyncio.create_task(_watch(redis, look_every_s))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(redis: EmbeddedRedis, look_every_s: float) -> None:
    while True:
        await asyncio.sleep(look_every_s)
        try:
            await asyncio.to_thread(redis.revive)
        except FleetUnavailable as failed:
            log.error("redis.not_revived", error=str(failed))
