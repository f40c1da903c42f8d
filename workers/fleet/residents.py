"""Which nodes live and will stay."""

import asyncio
import time
from collections.abc import Collection

from ...tasks.client import AsyncClient
from ...tasks.fleet_state import STOPPING, NodeReport

_LOOK_EVERY_S = 0.05


async def residents(client: AsyncClient, *, ours: Collection[str] = (), within_s: float = 30.0) -> list[NodeReport]:
    """The nodes to count on.

    A node that has just been killed is still listed, and one that is stopping still reports. The first is found out by
    waiting for its next report; the second is left out, and waited for if it has one of `ours` names.
    """
    deadline = time.monotonic() + within_s
    first = snapshot = await client.snapshot()
    while time.monotonic() < deadline:
        silent = any(node.said_at <= first.now for node in snapshot.living)
        ending = any(node.unavailable == STOPPING and node.node in ours for node in snapshot.living)
        if not silent and not ending:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
        snapshot = await client.snapshot()
    return [node for node in snapshot.living if node.unavailable != STOPPING]
