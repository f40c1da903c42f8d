"""A reconciler of two pools, and the states that it finds."""

from collections.abc import Callable

from workfleet.tasks.job import JobState
from workfleet.tasks.store import Claimed
from workfleet.workers.pool.reconciler import LOOK_EVERY, Reconciler

from .pools import LANE, Fleet


def reconciler(fleet: Fleet, node: str = "one@here", *, canvas: Callable[[], None] | None = None) -> Reconciler:
    async def go_on() -> None:
        if canvas:
            canvas()

    client = fleet.client
    return Reconciler(node, client.store, client.fleet, fleet.pools["one"].directory, go_on)


async def rounds(fleet: Fleet) -> None:
    """So many that every duty has had its turn."""
    working = reconciler(fleet)
    for _ in range(LOOK_EVERY):
        await working.once()


async def claim(fleet: Fleet, job_id: str, *, lease_s: float = 3600) -> Claimed:
    found = await fleet.client.store.claim(job_id, owner="dying@host", lease_s=lease_s)
    assert isinstance(found, Claimed)
    return found


async def steady(fleet: Fleet, for_s: float, *, heard_s_ago: float = 0.0) -> None:
    """As if reconcilers had been heard for so long, and the last time so long ago."""
    seconds, micro = await fleet.client.redis.time()
    now = seconds * 1000 + micro // 1000
    facts = {"seen": now - int(heard_s_ago * 1000), "since": now - int(for_s * 1000)}
    await fleet.client.redis.hset(fleet.client.store.key("steady"), mapping=facts)


async def state(fleet: Fleet, job_id: str) -> JobState:
    return (await fleet.client.job(job_id)).state


async def now_ms(fleet: Fleet) -> int:
    seconds, micro = await fleet.client.redis.time()
    return int(seconds) * 1000 + int(micro) // 1000


async def served_to(fleet: Fleet, seconds_ago: float, *, queue: str = LANE) -> None:
    """As if that had been noted when the queue was empty, so long ago."""
    at = await now_ms(fleet) - int(seconds_ago * 1000)
    await fleet.client.redis.hset(fleet.client.store.key("passed"), queue, f"{at} {at}")


async def pushed(fleet: Fleet, job_id: str, seconds_ago: float, queue: str = LANE) -> None:
    """As if the job's message had been pushed so long ago."""
    key = fleet.client.store.key("wait", queue)
    await fleet.client.redis.zadd(key, {job_id: await now_ms(fleet) - seconds_ago * 1000})
