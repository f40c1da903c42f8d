"""Faults that strike Redis."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from workfleet.tasks.connection import AsyncRedis

from ..e2e.redis_server import RedisServer
from .faults import Fault, Strike
from .striker import Way


@dataclass(frozen=True, slots=True)
class Outage:
    """Redis served nobody, or took nothing in, from and to (steady seconds)."""

    fault: Fault
    began: float
    ended: float


@dataclass(slots=True)
class OnRedis:
    """away: locked while one of these faults lasts; they never overlap."""

    server: RedisServer
    client: AsyncRedis
    away: asyncio.Lock = field(default_factory=asyncio.Lock)
    outages: list[Outage] = field(default_factory=list[Outage])

    @property
    def ways(self) -> Mapping[Fault, Way]:
        return {
            Fault.KILL_REDIS: self._kill,
            Fault.FREEZE_REDIS: self._freeze,
            Fault.FILL_REDIS: self._fill,
            Fault.DROP_CONNECTIONS: self._drop_connections,
        }

    @asynccontextmanager
    async def _outage(self, fault: Fault) -> AsyncGenerator[None]:
        async with self.away:
            began = time.monotonic()
            yield
            self.outages.append(Outage(fault, began, time.monotonic()))

    async def _kill(self, strike: Strike) -> bool:
        async with self._outage(strike.fault):
            await asyncio.to_thread(self.server.kill)
            await asyncio.sleep(strike.lasts_s)
            await asyncio.to_thread(self.server.start)
        return True

    async def _freeze(self, strike: Strike) -> bool:
        async with self._outage(strike.fault):
            process = int((await self.client.info("server"))["process_id"])
            os.kill(process, signal.SIGSTOP)
            try:
                await asyncio.sleep(strike.lasts_s)
            finally:
                os.kill(process, signal.SIGCONT)
        return True

    async def _fill(self, strike: Strike) -> bool:
        async with self._outage(strike.fault):
            await self.client.config_set("maxmemory", 1)
            await asyncio.sleep(strike.lasts_s)
            await self.client.config_set("maxmemory", 0)
        return True

    async def _drop_connections(self, _: Strike) -> bool:
        for kind in ("normal", "pubsub"):
            await asyncio.to_thread(self.server.cut, kind)
        return True
