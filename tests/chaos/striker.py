"""Carries out strikes, and counts them. What each fault takes is for the modules `on_…` to know."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2
from redis.exceptions import RedisError

from workfleet.tasks.errors import FleetError

from .faults import Fault, Strike

#: A way to carry out a fault: False if there is nothing to strike now.
Way = Callable[[Strike], Awaitable[bool]]

#: A strike that finds no victim looks again, so long.
_LOOKS_FOR_S = 20.0
LOOK_EVERY_S = 0.1

#: What says no more than that another fault is under way.
UNREACHED = (RedisError, FleetError, httpx2.TransportError)


@dataclass(slots=True)
class Striker:
    """struck: what was carried out. missed: what found no victim in time."""

    ways: Mapping[Fault, Way]
    struck: Counter[Fault] = field(default_factory=Counter[Fault])
    missed: Counter[Fault] = field(default_factory=Counter[Fault])

    async def strike(self, strike: Strike) -> None:
        """Returns when the fault is over."""
        await asyncio.sleep(strike.after_s)
        give_up_at = time.monotonic() + _LOOKS_FOR_S
        while time.monotonic() < give_up_at:
            with suppress(*UNREACHED):
                if await self.ways[strike.fault](strike):
                    self.struck[strike.fault] += 1
                    return
            await asyncio.sleep(LOOK_EVERY_S)
        self.missed[strike.fault] += 1
