"""What happens to the hosts of a fleet, as an operator or a cable does it; and what each container suffered by it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ...chaos.crew import Trouble
from .engine import docker

Kill = Callable[[str, float], Awaitable[None]]


@dataclass(slots=True)
class Strikes:
    """network: of the pools. killed: told of each kill, by the worker's name. troubles: what containers suffered, by
    id.
    """

    network: str
    killed: Kill
    troubles: list[Trouble] = field(default_factory=list[Trouble])

    async def kill(self, provider: str, container: str) -> None:
        """`docker kill`: the host has lost its power."""
        at = time.monotonic()
        await docker("kill", container)
        self.troubles.append(Trouble(container, "killed", at))
        await self.killed(f"{provider}@{container}", at)

    async def pause(self, container: str, *, for_s: float) -> None:
        """`docker pause`: the host stands still, and then goes on as if nothing had been."""
        began = time.monotonic()
        await docker("pause", container)
        await asyncio.sleep(for_s)
        await docker("unpause", container)
        self.troubles.append(Trouble(container, "frozen", began, time.monotonic()))

    async def disconnect(self, container: str, *, for_s: float) -> None:
        """`docker network disconnect`: the host works on, and reaches nobody."""
        began = time.monotonic()
        await docker("network", "disconnect", self.network, container)
        await asyncio.sleep(for_s)
        await docker("network", "connect", self.network, container)
        self.troubles.append(Trouble(container, "cut off", began, time.monotonic()))

    def stopped(self, containers: set[str], *, at: float) -> None:
        """They were told to end by Compose, at the earliest at that time (steady seconds)."""
        self.troubles += [Trouble(container, "stopped", at) for container in containers]
