"""How many living workers have heard of a change, which they do within a second."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from ...tasks.client import AsyncClient
from ...tasks.fleet_state import NodeReport

#: Seconds within which living workers are expected to say that they have heard.
_HEARD_WITHIN_S = 3.0
_LOOK_EVERY_S = 0.05


class Heard(NamedTuple):
    """Of the workers that a change concerns, those that have heard of it, and all that live."""

    heard: int
    living: int

    def __str__(self) -> str:
        if not self.living:
            return "no worker runs"
        return f"{self.heard} of {self.living} {'worker has' if self.living == 1 else 'workers have'} heard"


async def heard(client: AsyncClient, has_heard: Callable[[NodeReport], bool], *, provider: str | None = None) -> Heard:
    """Waits a moment for those that have not. provider: the only one that it concerns."""
    deadline = asyncio.get_running_loop().time() + _HEARD_WITHIN_S
    while True:
        living = [node for node in (await client.snapshot()).living if provider in (None, node.provider)]
        found = Heard(sum(map(has_heard, living)), len(living))
        if found.heard == found.living or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(_LOOK_EVERY_S)
