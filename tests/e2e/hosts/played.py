"""One run: a batch is served by pools on several hosts while these join, leave, die, freeze and lose their network."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from workfleet.tasks.client import AsyncClient

from ...chaos.accounting import Account, account
from ...chaos.evidence import gather
from ...chaos.load import HandedIn, hand_in, waves
from ...chaos.recovery import Claims, Recovery, recovery
from ...chaos.visits import Visit, read_visits
from ..fleet import until
from .stack import Stack
from .strikes import Strikes

Tell = Callable[[str], None]

#: Longer than a lease: whoever is away for so long has lost its jobs to others.
_AWAY_S = 7.0
_POOLS = ("simulated-a", "simulated-b")
_WITHIN_S = 240.0
#: On a machine with room; where more processes want to run than there are cores, each waits its turn.
_JOINS_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """joined_s: seconds from the first report of the host that joined to its first call, which is to come within
    joined_within_s. steps: what was done.

    by_host: calls by container; the host that joined is without a name. recovery: from the kill of a job's owner to its
    next claim. took_s: from the first job handed in to the last one's end.
    """

    account: Account
    recovery: Recovery
    joined_s: float
    joined_within_s: float
    steps: tuple[str, ...]
    by_host: dict[str, int]
    took_s: float


@dataclass(slots=True)
class _Scene:
    stack: Stack
    client: AsyncClient
    claims: Claims
    strikes: Strikes
    tell: Tell
    handed_in: HandedIn = field(default_factory=HandedIn)
    steps: list[str] = field(default_factory=list[str])

    def step(self, words: str) -> None:
        self.steps.append(words)
        self.tell(words)

    async def count(self) -> int:
        """Jobs that have ended."""
        counts = await self.client.redis.hgetall(self.client.store.key("count"))
        return sum(int(count) for count in counts.values())

    async def living(self) -> set[str]:
        return {node.node.partition("@")[2] for node in (await self.client.snapshot()).living}


async def run_hosts(stack: Stack, jobs: int, tell: Tell, *, seed: int = 1) -> Result:
    """The stack runs its watched pools from now on."""
    await stack.compose("rm", "--force", "--stop", "demo")
    # --renew: the pools take their new configuration, and Redis goes on as it is.
    await stack.compose("up", "--detach", "simulator", *_POOLS, watched=True)
    async with stack.client() as client:
        # What the demo did is in the books already; a run begins with empty ones.
        await client.redis.flushdb()
        claims = Claims(client)
        scene = _Scene(stack, client, claims, Strikes(f"{stack.name}_default", claims.note), tell)
        await until(lambda: _are_up(scene, 2), within_s=_WITHIN_S)
        watching = asyncio.create_task(claims.watch())
        try:
            return await _played(scene, jobs, seed)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _played(scene: _Scene, jobs: int, seed: int) -> Result:
    before, began = await scene.count(), time.monotonic()
    for wave in waves(seed, jobs, size=jobs, poison=0, providers=_POOLS):
        await hand_in(scene.client, wave, scene.handed_in)
    scene.step(f"{jobs:,} jobs are handed in; two pools on two hosts serve them")
    seen_at = await _play(scene)
    waits = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    await until(lambda: _ended(scene, before + jobs), within_s=_WITHIN_S)
    took_s = time.monotonic() - began
    await until(lambda: _at_rest(scene), within_s=_WITHIN_S)
    evidence = await gather(scene.client, scene.handed_in)
    visits = read_visits([scene.stack.visits])
    by_host = dict[str, int]()
    for visit in visits:
        by_host[visit.worker] = by_host.get(visit.worker, 0) + 1
    return Result(
        account(scene.handed_in.names, evidence, visits, scene.strikes.troubles, ()),
        recovery(scene.claims.took_s),
        _first_call(visits) - seen_at,
        _JOINS_WITHIN_S * waits,
        tuple(scene.steps),
        by_host,
        took_s,
    )


async def _play(scene: _Scene) -> float:
    """Everything that happens to the hosts; when the one that joined was first heard of (steady seconds)."""
    stack, strikes = scene.stack, scene.strikes
    await stack.compose("up", "--detach", "--no-recreate", "--scale", "simulated-a=3", *_POOLS, watched=True)
    await until(lambda: _are_up(scene, 4), within_s=_WITHIN_S)
    scene.step("--scale simulated-a=3: four hosts")
    seen_at = await _join(scene)
    first, second, _ = await stack.containers("simulated-a")
    await strikes.kill("simulated-a", first)
    scene.step(f"docker kill {first}")
    paused = asyncio.create_task(strikes.pause(second, for_s=_AWAY_S))
    scene.step(f"docker pause {second} for {_AWAY_S:g} s")
    (cut,) = await stack.containers("simulated-b")
    scene.step(f"docker network disconnect {cut} for {_AWAY_S:g} s")
    await asyncio.gather(paused, strikes.disconnect(cut, for_s=_AWAY_S))
    await until(lambda: _are_up(scene, 4), within_s=_WITHIN_S)
    scene.step("both are back")
    await _scale_in(scene)
    return seen_at


async def _join(scene: _Scene) -> float:
    """A host of another network joins with two variables; when it was first heard of (steady seconds)."""
    before = await scene.living()
    await scene.stack.host("up", "--detach", "--no-build")
    async with asyncio.timeout(_WITHIN_S):
        while not await scene.living() - before:
            await asyncio.sleep(0.01)
    seen_at = time.monotonic()
    scene.step("a host of another network joins with FLEET_REDIS_URL and FLEET_ENDPOINT")
    return seen_at


async def _scale_in(scene: _Scene) -> None:
    stack, at = scene.stack, time.monotonic()
    before = set(await stack.containers("simulated-a"))
    await stack.compose("up", "--detach", "--no-recreate", "--scale", "simulated-a=1", *_POOLS, watched=True)
    scene.strikes.stopped(before - set(await stack.containers("simulated-a")), at=at)
    scene.step("--scale simulated-a=1: those that left gave their jobs back")


async def _are_up(scene: _Scene, number: int) -> bool:
    return len(await scene.living()) >= number


async def _ended(scene: _Scene, number: int) -> bool:
    return await scene.count() >= number


async def _at_rest(scene: _Scene) -> bool:
    return not await scene.client.redis.zcard(scene.client.store.key("leases"))


def _first_call(visits: list[Visit]) -> float:
    """Of the host that joined: it has no configuration that could tell its name."""
    return min((visit.began for visit in visits if not visit.worker), default=float("inf"))
