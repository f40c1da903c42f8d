"""How the whole fleet stands, as metrics. It is read from Redis, and is there when no worker lives."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from ...tasks.status import FleetStatus
from ...tasks.usage_books import Totals
from ..limits.standing import Standing
from . import attempts

PREFIX = "workfleet"
_BREAKER_STATES = ("closed", "half_open", "open")


def families(status: FleetStatus, totals: Totals) -> Iterator[Metric]:
    yield from _queues(status)
    yield from _jobs(status)
    yield from _pools(status)
    yield _breakers(status)
    yield from attempts.families(totals, prefix=PREFIX)
    yield attempts.lost_calls(totals, prefix=PREFIX)


def limits(found: Iterable[Standing]) -> Metric:
    """Of limits that a whole fleet keeps together, whoever tells."""
    return _gauge(
        "limit_used_ratio",
        "Share of a provider's limit that is used; scope is the provider, or one of its models.",
        ("provider", "scope", "limit"),
        (((each.provider, each.scope, each.of), each.used / each.limit) for each in found),
    )


def _queues(status: FleetStatus) -> Iterator[Metric]:
    """Every queue, empty ones too: a series that comes and goes cannot scale anything."""
    queues = status.queues
    yield _gauge("queue_jobs", "Jobs that wait in a queue.", ("queue",), (((q.name,), q.waiting) for q in queues))
    yield _gauge(
        "queue_oldest_wait_seconds",
        "How long the oldest job of a queue has waited; 0 if it is empty.",
        ("queue",),
        (((q.name,), q.oldest_s or 0.0) for q in queues),
    )
    yield _gauge(
        "queue_takers",
        "Workers that take a queue's jobs now.",
        ("queue",),
        (((q.name,), len(q.takers)) for q in queues),
    )


def _jobs(status: FleetStatus) -> Iterator[Metric]:
    now = {
        "queued": status.waiting,
        "running": status.running,
        "snoozed": status.snoozed,
        "held": status.held,
    }
    yield _gauge("unfinished_jobs", "Jobs that have not ended.", (), [((), status.unfinished)])
    told = "Unfinished jobs by state; their batch has yet to release those that are held."
    yield _gauge("jobs", told, ("state",), (((state,), number) for state, number in now.items()))
    yield _gauge(
        "dead_letters", "Jobs that failed for good and wait for people to look at them.", (), [((), status.dead)]
    )
    ended = CounterMetricFamily(f"{PREFIX}_jobs_ended", "Jobs that ended.", labels=["task_type", "state"])
    for task_type, states in status.ended.items():
        for state, number in states.items():
            # A replay takes a failure back; a counter must not fall.
            replayed = status.replayed.get(task_type, 0) if state == "failed" else 0
            ended.add_metric([task_type, state], number + replayed)
    yield ended


def _pools(status: FleetStatus) -> Iterator[Metric]:
    stands = status.health
    yield _gauge(
        "pool_slots", "Calls that a pool can make at the same time.", _BY, (((p.provider,), p.slots) for p in stands)
    )
    yield _gauge("pool_slots_used", "Calls that a pool makes now.", _BY, (((p.provider,), p.busy) for p in stands))
    yield _gauge(
        "pool_takes_jobs",
        "1 if a pool takes jobs, else 0.",
        _BY,
        (((p.provider,), p.state == "takes jobs") for p in stands),
    )
    workers = (((pool.provider,), len(pool.living)) for pool in status.pools)
    yield _gauge("pool_workers", "Worker processes that live.", _BY, workers)


_BY = ("provider",)


def _breakers(status: FleetStatus) -> Metric:
    labels = ("provider", "scope", "of", "state")
    found = [
        ((each.provider, breaker.scope, breaker.of, state), breaker.state == state)
        for each in status.health
        for breaker in each.breakers
        for state in _BREAKER_STATES
    ]
    return _gauge("breaker_state", "1 for the state that a circuit breaker is in.", labels, found)


def _gauge(name: str, told: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", told, labels=list(labels))
    for each, number in values:
        family.add_metric(list(each), float(number))
    return family
