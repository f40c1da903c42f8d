"""docs/metrics.md names every metric that is told, with its labels, and no other."""

import re
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.metrics_core import Metric

from workfleet.routing.limits import Unit
from workfleet.tasks.health import BreakerHealth, ProviderHealth
from workfleet.tasks.job import UNSEEN, Attempt, JobState
from workfleet.tasks.status import FleetStatus, PoolStatus, QueueStatus
from workfleet.workers.limits.standing import Standing
from workfleet.workers.metrics import fleet, worker
from workfleet.workers.metrics.tally import Tally

PAGE = (Path(__file__).parents[3] / "docs/metrics.md").read_text()
_ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| ((?:`\w+`(?:, )?)*) ?\|", re.MULTILINE)


def documented() -> dict[str, frozenset[str]]:
    """Metric -> labels. Those of calls stand there once for both prefixes."""
    found: dict[str, frozenset[str]] = {}
    for names, labels in _ROW.findall(PAGE):
        for name in re.findall(r"\w+", names):
            whole = [name] if name.startswith("workfleet_") else [f"workfleet_{name}", f"workfleet_worker_{name}"]
            found |= dict.fromkeys(whole, frozenset(re.findall(r"\w+", labels)))
    return found


def told(families: Iterable[Metric]) -> dict[str, frozenset[str]]:
    """By the name that a query has: a counter's ends in `_total`. Of a process' own, Prometheus' pages tell."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: frozenset(
            label for sample in family.samples for label in sample.labels if label != "le"
        )
        for family in families
        if not family.name.startswith("process_")
    }


def everything() -> dict[str, frozenset[str]]:
    tally = Tally()
    attempt = Attempt(number=1, epoch=1, target="p/m", outcome="succeeded", first_token_s=0.1, queue_wait_s=0.1)
    attempt = attempt.model_copy(update={"fallback": True})
    tally.count(attempt.model_copy(update={"input_tokens": 1, "cost_usd": 1.0, "cost_source": "table"}), "general")
    tally.count(attempt.model_copy(update={"input_tokens": 1}), "general")
    tally.count(attempt.model_copy(update={"cost_source": UNSEEN, "presumed_usd": 1.0}), "general")
    breaker = BreakerHealth("target", "m", "open")
    status = FleetStatus(
        now=0.0,
        pools=(PoolStatus("p", (), frozenset()),),
        queues=(QueueStatus("general.simple"),),
        health=(ProviderHealth("p", "takes jobs", breakers=(breaker,)),),
        ended={"general": {JobState.SUCCEEDED: 1}},
    )
    limits = fleet.limits([Standing("p", "p", "requests a minute", Unit.REQUESTS, 30, 3, None, None)])
    stands = worker.WorkerStanding("p@here", "p", 4, 1, takes_jobs=True)
    return told([*fleet.families(status, tally.totals()), limits, *worker.families(stands, tally.totals())])


def test_every_metric_stands_on_the_page_with_its_labels() -> None:
    assert everything() == documented()
