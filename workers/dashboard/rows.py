"""What the fleet's page shows, line by line, made of a status. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...routing.lanes import Band
from ...tasks.fleet_state import NodeReport
from ...tasks.job import JobState
from ...tasks.status import FleetStatus, PoolStatus, QueueStatus

#: States in which jobs end, in the order of their columns.
ENDS = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED)

_MOST_NAMES = 3
_BANDS = frozenset(band.value for band in Band)


@dataclass(frozen=True, slots=True)
class NodeRow:
    """provider: empty below its first node. good: the node takes jobs; None is where there is no node."""

    provider: str
    node: str
    slots: str
    lanes: str
    endpoint: str
    state: str
    good: bool | None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """takers, refusals: in words. orphan: jobs wait, and nobody takes them."""

    name: str
    waiting: int
    oldest: str
    takers: str
    refusals: str
    orphan: bool


@dataclass(frozen=True, slots=True)
class TypeRow:
    task_type: str
    waiting: int
    ended: tuple[int, ...]


def duration(seconds: float | None) -> str:
    """`0.4 s`, `59 s`, `4 min`, `3 h`, `2 d`."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def node_rows(status: FleetStatus) -> list[NodeRow]:
    """A row a node; a provider without nodes has one that says so, and comes after the others."""
    pools = sorted(status.pools, key=lambda pool: not pool.nodes)
    return [row for pool in pools for row in _of_pool(pool, status.now)]


def _of_pool(pool: PoolStatus, now: float) -> Iterable[NodeRow]:
    if not pool.nodes:
        yield NodeRow(pool.provider, "", "", "", "", "no worker runs", good=None)
    for number, node in enumerate(pool.nodes):
        yield _node_row("" if number else pool.provider, node, node.node in pool.living, now)


def _node_row(provider: str, node: NodeReport, lives: bool, now: float) -> NodeRow:
    if not lives:
        state = f"silent for {duration(now - node.said_at)}"
        return NodeRow(provider, node.node, "", "", node.endpoint, state, good=False)
    lanes = f"{len(node.open_lanes)} of {len(node.open_lanes) + len(node.closed_lanes)}"
    state = node.unavailable or "takes jobs"
    good = node.unavailable is None
    return NodeRow(provider, node.node, f"{node.busy} of {node.slots}", lanes, node.endpoint, state, good)


def queue_rows(status: FleetStatus) -> list[QueueRow]:
    """Queues in which jobs wait, the deepest first."""
    filled = sorted((queue for queue in status.queues if queue.waiting), key=lambda queue: (-queue.waiting, queue.name))
    return [_queue_row(queue) for queue in filled]


def _queue_row(queue: QueueStatus) -> QueueRow:
    by_reason: dict[str, list[str]] = {}
    for node, reason in queue.refusals.items():
        by_reason.setdefault(reason, []).append(node)
    return QueueRow(
        name=queue.name,
        waiting=queue.waiting,
        oldest=duration(queue.oldest_s),
        takers=_named(queue.takers) or "nobody",
        refusals="; ".join(f"{_named(nodes)}: {reason}" for reason, nodes in by_reason.items()),
        orphan=not queue.takers,
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def type_rows(status: FleetStatus) -> list[TypeRow]:
    """Task types that have had jobs, waiting in their lanes or ended."""
    waiting = {
        task_type: sum(queue.waiting for queue in status.queues if queue.name in lanes)
        for task_type, lanes in _lanes_by_type(status).items()
    }
    found = [name for name in {**waiting, **status.ended} if waiting.get(name) or name in status.ended]
    return [
        TypeRow(name, waiting.get(name, 0), tuple(status.ended.get(name, {}).get(end, 0) for end in ENDS))
        for name in sorted(found)
    ]


def _lanes_by_type(status: FleetStatus) -> dict[str, set[str]]:
    lanes: dict[str, set[str]] = {}
    for queue in status.queues:
        task_type, _, band = queue.name.rpartition(".")
        if band in _BANDS:
            lanes.setdefault(task_type, set()).add(queue.name)
    return lanes
