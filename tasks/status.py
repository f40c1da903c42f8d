"""How the whole fleet stands: pools, queues with depth and age, jobs by type and state."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from ..routing.breaker import BreakerPolicy
from ..routing.directory import Directory
from ..routing.lanes import alternate_queue, lanes
from .fleet_state import FleetState, NodeReport, Snapshot
from .health import ProviderHealth, health_of
from .job import JobState
from .messages import STEPS, list_at


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """One lane or alternate queue.

    waiting: jobs in it. oldest_s: how long the oldest of them has waited, None if it is empty.
    takers: living nodes that take its jobs now. refusals: living nodes that could, but do not now, and why.
    """

    name: str
    waiting: int = 0
    oldest_s: float | None = None
    takers: tuple[str, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """The nodes of one provider, living ones first. configured: whether the fleet's directory has the provider."""

    provider: str
    nodes: tuple[NodeReport, ...]
    living: frozenset[str]
    configured: bool = True


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """At one moment of Redis' clock (`now`, seconds).

    health: of each provider of `pools`. queues: all that the fleet has, empty ones included, in order.
    running, snoozed, dead: jobs of all types. unfinished: all that have not ended, those included that wait in their
    batch for their turn.
    ended: task type -> state -> jobs that ended so, since the fleet's Redis is new. replayed: task type -> failed jobs
    that were handed in again, which `ended` has no longer.
    """

    now: float
    pools: tuple[PoolStatus, ...] = ()
    queues: tuple[QueueStatus, ...] = ()
    running: int = 0
    snoozed: int = 0
    dead: int = 0
    unfinished: int = 0
    health: tuple[ProviderHealth, ...] = ()
    ended: Mapping[str, Mapping[JobState, int]] = field(default_factory=dict[str, dict[JobState, int]])
    replayed: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def waiting(self) -> int:
        return sum(queue.waiting for queue in self.queues)

    @property
    def held(self) -> int:
        """Jobs that their batch has yet to release."""
        return max(0, self.unfinished - self.waiting - self.running - self.snoozed)

    def totals(self) -> Mapping[JobState, int]:
        """Ended jobs of all types, by state."""
        totals: Counter[JobState] = Counter()
        for states in self.ended.values():
            totals.update(states)
        return totals


async def read_status(redis: Redis, *, namespace: str = "wf") -> FleetStatus:
    """The fleet behind a Redis. Its errors pass through as they are."""
    fleet = FleetState(redis, namespace=namespace)
    snapshot, directory = await fleet.snapshot(), await fleet.directory() or Directory()
    names = _queue_names(directory, snapshot)
    lists = [list_at(name, step) for name in names for step in STEPS]
    async with redis.pipeline(transaction=False) as pipe:
        for key in ("leases", "snoozed", "dead", "deadlines"):
            pipe.zcard(f"{namespace}:{key}")
        pipe.hgetall(f"{namespace}:count")
        pipe.hgetall(f"{namespace}:replayed")
        for each in lists:
            pipe.zcard(f"{namespace}:wait:{each}")
            pipe.zrange(f"{namespace}:wait:{each}", 0, 0, withscores=True)
        running, snoozed, dead, unfinished, counts, replayed, *waits = await pipe.execute()
    heard = await fleet.breakers.tell("status")
    pools = _pools(directory, snapshot)
    depths = _depths(names, waits, snapshot.now)
    return FleetStatus(
        now=snapshot.now,
        pools=pools,
        health=health_of(
            {pool.provider: _policy(pool.provider, directory) for pool in pools},
            snapshot.living,
            heard.breakers,
            snapshot.control,
            now=snapshot.now,
        ),
        queues=tuple(QueueStatus(name, *depths[name], *takers_of(name, snapshot.living)) for name in names),
        running=running,
        snoozed=snoozed,
        dead=dead,
        unfinished=unfinished,
        ended=_ended(counts),
        replayed={task_type.decode(): int(count) for task_type, count in replayed.items()},
    )


def _queue_names(directory: Directory, snapshot: Snapshot) -> list[str]:
    """Every lane, also those of which no pool takes jobs, and the alternate queue of every provider."""
    providers = dict.fromkeys([*directory.providers, *(node.provider for node in snapshot.nodes)])
    return [*lanes(directory.task_types), *(alternate_queue(provider) for provider in providers)]


def _depths(names: Sequence[str], waits: Sequence[Any], now: float) -> dict[str, tuple[int, float | None]]:
    """Of each queue, the jobs and the age of the oldest, over its priorities. waits: ZCARD and ZRANGE of each list."""
    replies = iter(waits)
    depths: dict[str, tuple[int, float | None]] = {}
    for name in names:
        waiting, pushed_at = 0, list[float]()
        for _ in STEPS:
            count, first = next(replies), next(replies)
            waiting += count
            pushed_at += [pushed_ms / 1000 for _, pushed_ms in first]
        depths[name] = (waiting, max(0.0, now - min(pushed_at)) if pushed_at else None)
    return depths


def takers_of(name: str, living: Iterable[NodeReport]) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """The nodes that take a queue's jobs now; and those that could, but do not, and why."""
    takers, refusals = list[str](), dict[str, str]()
    for node in living:
        if name == alternate_queue(node.provider) and node.unavailable is not None:
            refusals[node.node] = node.unavailable
        elif name in node.open_lanes or name == alternate_queue(node.provider):
            takers.append(node.node)
        elif name in node.closed_lanes:
            refusals[node.node] = node.closed_lanes[name]
    return tuple(takers), refusals


def _pools(directory: Directory, snapshot: Snapshot) -> tuple[PoolStatus, ...]:
    living = frozenset(node.node for node in snapshot.living)
    by_priority = sorted(directory.providers.values(), key=lambda provider: provider.priority)
    known = [provider.name for provider in by_priority if provider.enabled]
    found = dict.fromkeys([*known, *(node.provider for node in snapshot.nodes)])
    return tuple(
        PoolStatus(
            provider,
            tuple(sorted(_nodes(snapshot, provider), key=lambda node: (node.node not in living, node.node))),
            living & {node.node for node in _nodes(snapshot, provider)},
            configured=provider in directory.providers,
        )
        for provider in found
    )


def _policy(provider: str, directory: Directory) -> BreakerPolicy:
    """Of its breakers; as usual if the directory does not have it."""
    facts = directory.providers.get(provider)
    return facts.breaker if facts is not None else BreakerPolicy()


def _nodes(snapshot: Snapshot, provider: str) -> list[NodeReport]:
    return [node for node in snapshot.nodes if node.provider == provider]


def _ended(counts: Mapping[bytes, bytes]) -> dict[str, dict[JobState, int]]:
    ended: dict[str, dict[JobState, int]] = {}
    for name, count in sorted(counts.items()):
        task_type, _, state = name.decode().rpartition("|")
        ended.setdefault(task_type, {})[JobState(state)] = int(count)
    return ended
