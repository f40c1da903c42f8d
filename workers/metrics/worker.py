"""One worker process, as metrics: those of several add up."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from ...tasks.usage_books import Totals
from . import attempts

PREFIX = "workfleet_worker"


@dataclass(frozen=True, slots=True)
class WorkerStanding:
    """slots, busy: calls that it can make at the same time, and makes. takes_jobs: now."""

    node: str
    provider: str
    slots: int
    busy: int
    takes_jobs: bool


def families(stands: WorkerStanding, totals: Totals) -> Iterator[Metric]:
    """Its own numbers, and those of its process under the names that all Python programs use."""
    info = GaugeMetricFamily(f"{PREFIX}_info", "1; the labels say which worker it is.", labels=["node", "provider"])
    info.add_metric([stands.node, stands.provider], 1)
    yield info
    for name, told, number in (
        ("slots", "Calls that this worker can make at the same time.", stands.slots),
        ("slots_used", "Calls that this worker makes now.", stands.busy),
        ("takes_jobs", "1 if this worker takes jobs, else 0.", stands.takes_jobs),
    ):
        gauge = GaugeMetricFamily(f"{PREFIX}_{name}", told, labels=["provider"])
        gauge.add_metric([stands.provider], float(number))
        yield gauge
    yield from attempts.families(totals, prefix=PREFIX)
    yield from ProcessCollector(registry=None).collect()
