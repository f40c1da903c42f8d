"""What the fleet says of itself in Redis: the directory of providers and routes, and the pools that live."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import cast

from pydantic import BaseModel, ConfigDict, ValidationError

from ..routing.control import Control, ProviderControl, controlled
from ..routing.directory import Directory
from ..routing.gate import PoolState
from ..routing.observed import Observed, together
from .breakers import Breakers
from .connection import AsyncRedis
from .controls import Controls, read_control

#: A node that has said nothing for this long is gone.
ALIVE_S = 3.0
#: A gone node is forgotten after this long; until then people can see that it is gone.
FORGOTTEN_S = 3600.0
#: What a node says while it finishes or hands back its last jobs.
STOPPING = "it is stopping"


class EndpointReport(BaseModel):
    """One endpoint as a node sees it.

    breaker: its name among the fleet's. limit: calls at the same time that it is found to bear. waiting: requests in
    its own queue, None if it does not tell. checked_s: how long its health check took. in_memory: its models that are
    loaded, in GB, and memory_gb what they may take together, if that is looked after.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str
    breaker: str
    unavailable: str | None = None
    busy: int = 0
    limit: int | None = None
    waiting: int | None = None
    checked_s: float | None = None
    memory_gb: float | None = None
    in_memory: dict[str, float] = {}


class NodeReport(BaseModel):
    """What one worker process says of itself several times a second.

    full_s: seconds since it last had a free slot. short_s: since its provider's limits had room to spare. unavailable:
    why it takes no jobs. resting: that passes by itself. doubted: a call would probably fail.
    leaving: jobs that were begun when a breaker had just opened, and are about to go on elsewhere.
    models: what its server offers. out: models that take no jobs, and why. refusals: what stands for
    credentials and an address -> the words with which the provider refused them to this node. control, versions: what
    was changed by hand of the provider and of routes, as far as this node has heard. observed: by model. uptime: share
    of its life in which it took jobs.
    open_lanes, closed_lanes: lane -> why. said_at: Redis' clock, seconds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    node: str
    provider: str
    endpoint: str = ""
    slots: int = 0
    busy: int = 0
    full_s: float = 0.0
    short_s: float = 0.0
    unavailable: str | None = None
    doubted: bool = False
    resting: bool = False
    leaving: int = 0
    models: tuple[str, ...] = ()
    out: dict[str, str] = {}
    refusals: dict[str, str] = {}
    observed: dict[str, Observed] = {}
    endpoints: tuple[EndpointReport, ...] = ()
    uptime: float = 1.0
    control: ProviderControl = ProviderControl()
    versions: dict[str, int] = {}
    open_lanes: tuple[str, ...] = ()
    closed_lanes: dict[str, str] = {}
    started_at: float = 0.0
    said_at: float = 0.0


#: What only people look at, and most of what a node says. Kept apart, it need not be read by every node several times a
#: second: a hundred would have Redis send 80 MB/s.
_FOR_PEOPLE = {"versions", "models", "endpoints", "uptime", "open_lanes", "closed_lanes"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All nodes that are known, at one moment of Redis' clock (seconds). queues: those that have ever had a job.

    control: what was changed by hand.
    """

    now: float
    nodes: tuple[NodeReport, ...]
    queues: frozenset[str] = frozenset()
    control: Control = field(default_factory=Control)

    @property
    def living(self) -> tuple[NodeReport, ...]:
        return tuple(node for node in self.nodes if self.now - node.said_at < ALIVE_S)

    def pools(self) -> dict[str, PoolState]:
        """The living nodes by provider. A pool is available if one of its nodes is; the full ones count as one."""
        by_provider: dict[str, list[NodeReport]] = {}
        for node in self.living:
            by_provider.setdefault(node.provider, []).append(node)
        return {provider: _together(nodes) for provider, nodes in by_provider.items()}


def _together(nodes: Sequence[NodeReport]) -> PoolState:
    good = [node for node in nodes if node.unavailable is None]
    if not good:
        resting = any(node.resting for node in nodes)
        leaving = sum(node.leaving for node in nodes)
        return PoolState(slots=0, busy=0, unavailable=nodes[0].unavailable, resting=resting, leaving=leaving)
    return PoolState(
        slots=sum(node.slots for node in good),
        busy=sum(node.busy for node in good),
        # The limits are the provider's; its nodes use them up together.
        full_for_s=max(min(node.full_s for node in good), *(node.short_s for node in good)),
        leaving=sum(node.leaving for node in nodes),
        observed={model: together(_seen(good, model)) for node in good for model in node.observed},
        out={model: why for model, why in good[0].out.items() if all(model in node.out for node in good)},
    )


def _seen(nodes: Sequence[NodeReport], model: str) -> list[Observed]:
    return [node.observed[model] for node in nodes if model in node.observed]


class FleetState:
    """Reads and writes the fleet's own facts. namespace: as the store's."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self.redis = redis
        self._nodes = f"{namespace}:nodes"
        self._details = f"{namespace}:details"
        self._directory = f"{namespace}:directory"
        self._queues = f"{namespace}:queues"
        self._wake = f"{namespace}:wake"
        self.breakers = Breakers(redis, namespace=namespace)
        self.controls = Controls(redis, namespace=namespace)

    async def publish_directory(self, directory: Directory, *, whole: bool = True) -> Directory:
        """Tell the fleet of a pool's configuration; the directory as it is then.

        whole: it replaces what others have told, but for the providers of living pools; else it only adds its
        providers to that. Pools that start at the same time lose nothing of each other.
        """

        async def told(pipe: AsyncRedis) -> Directory:
            raw = await pipe.get(self._directory)
            others = Directory.model_validate_json(raw, extra="ignore") if raw else None
            living = {node.provider for node in (await self.snapshot()).living}
            merged = _merged(directory, others, living, whole=whole)
            pipe.multi()
            pipe.set(self._directory, merged.model_dump_json(exclude_defaults=True))
            return merged

        merged = await self.redis.transaction(told, self._directory, value_from_callable=True)
        return controlled(cast("Directory", merged), await self.controls.read())

    async def published(self) -> Directory | None:
        """The directory as the pools published it; None before any pool has started."""
        raw = await self.redis.get(self._directory)
        return Directory.model_validate_json(raw, extra="ignore") if raw else None

    async def directory(self) -> Directory | None:
        """The same, with what was changed by hand."""
        published = await self.published()
        return None if published is None else controlled(published, await self.controls.read())

    async def report(self, node: NodeReport, *, news: bool = False) -> Snapshot:
        """Say how a node stands, and hear of all others what concerns it. news: others are to hear of it at once."""
        seconds, micro = await self.redis.time()
        now = seconds + micro / 1e6
        stands = node.model_copy(update={"said_at": now}).model_dump_json(exclude_defaults=True, exclude=_FOR_PEOPLE)
        details = node.model_dump_json(exclude_defaults=True, include=_FOR_PEOPLE | {"node", "provider"})
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.hset(self._details, node.node, details)
            pipe.hset(self._nodes, node.node, stands)
            pipe.hgetall(self._nodes)
            pipe.smembers(self._queues)
            pipe.hgetall(self.controls.key)
            if news:
                pipe.publish(self._wake, node.node)
            _, _, raw, queues, control, *_ = await pipe.execute()
        return _read(now, raw, queues, control, {})

    async def snapshot(self) -> Snapshot:
        """All that the nodes say."""
        seconds, micro = await self.redis.time()
        now = seconds + micro / 1e6
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(self._nodes)
            pipe.smembers(self._queues)
            pipe.hgetall(self.controls.key)
            pipe.hgetall(self._details)
            return _read(now, *await pipe.execute())

    async def leave(self, *nodes: str) -> None:
        """Nodes that stop say so, and need not be missed first."""
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.hdel(self._nodes, *nodes)
            pipe.hdel(self._details, *nodes)
            await pipe.execute()

    async def forget(self, snapshot: Snapshot) -> None:
        """Drop nodes that have been gone for long."""
        gone = [node.node for node in snapshot.nodes if snapshot.now - node.said_at > FORGOTTEN_S]
        if gone:
            await self.leave(*gone)


def _merged(ours: Directory, others: Directory | None, living: Set[str], *, whole: bool) -> Directory:
    if others is None:
        return ours
    kept = {name: facts for name, facts in others.providers.items() if not whole or name in living}
    base = ours if whole else others
    return base.model_copy(update={"providers": {**kept, **ours.providers}})


def _read(
    now: float,
    reports: Mapping[bytes, bytes],
    queues: Iterable[bytes],
    control: Mapping[bytes, bytes],
    details: Mapping[bytes, bytes],
) -> Snapshot:
    nodes = (_node(report, details.get(name)) for name, report in reports.items())
    ordered = tuple(sorted((node for node in nodes if node is not None), key=lambda node: node.node))
    names = frozenset(name.decode() for name in queues)
    return Snapshot(now=now, nodes=ordered, queues=names, control=read_control(control))


def _node(report: bytes, details: bytes | None) -> NodeReport | None:
    """None if it cannot be read: one node must not keep all others from seeing each other."""
    try:
        node = NodeReport.model_validate_json(report)
        more = NodeReport.model_validate_json(details) if details else None
    except ValidationError:
        return None
    return node.model_copy(update={name: getattr(more, name) for name in _FOR_PEOPLE}) if more else node
