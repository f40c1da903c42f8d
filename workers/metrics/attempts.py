"""What calls came to, as metrics: of the whole fleet from Redis, of one worker from its own tally."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric

from ...tasks.job import WORKER_DIED
from ...tasks.usage import BUCKET_BOUNDS_S, Row, Sums, Table
from ...tasks.usage_books import Histogram, Totals

_TOKENS: Mapping[str, Callable[[Sums], int]] = {
    "input": lambda sums: sums.input_tokens,
    "cached_read": lambda sums: sums.cached_read_tokens,
    "cache_write": lambda sums: sums.cache_write_tokens,
    "output": lambda sums: sums.output_tokens,
    "reasoning": lambda sums: sums.reasoning_tokens,
}

_T = TypeVar("_T")
_Labels = tuple[str, ...]
_WHO = ("provider", "model", "task_type")


def families(totals: Totals, *, prefix: str) -> Iterator[Metric]:
    """prefix: `workfleet` of a fleet, `workfleet_worker` of one process, so that no sum has a call twice."""
    totals = _told_of(totals)
    known = totals.table
    yield _counter(
        f"{prefix}_attempts", "Calls of a target that ended.", (*_WHO, "outcome"), _by(known, _ended, _calls)
    )
    tokens = CounterMetricFamily(f"{prefix}_tokens", "Tokens, in disjoint kinds.", labels=[*_WHO, "token_type"])
    for token_type, count in _TOKENS.items():
        for labels, number in _by(known, _who, count).items():
            tokens.add_metric([*labels, token_type], number)
    yield tokens
    cost = _by(known, _priced, lambda sums: sums.nano_usd)
    yield _counter(f"{prefix}_cost_usd", "What answers cost, in US dollars.", (*_WHO, "source"), _in_units(cost, 1e9))
    unpriced = _by(known, _who, lambda sums: sums.unpriced)
    yield _counter(f"{prefix}_unpriced_calls", "Calls that may have cost something, nobody knows what.", _WHO, unpriced)
    presumed = _in_units(_by(known, _who, lambda sums: sums.presumed_nano_usd), 1e9)
    told = "What calls that got no answer are taken to have cost, in US dollars."
    yield _counter(f"{prefix}_presumed_cost_usd", told, _WHO, presumed)
    fallbacks = _by(known, _who, lambda sums: sums.fallbacks)
    yield _counter(f"{prefix}_fallbacks", "Calls of jobs that another target had failed.", _WHO, fallbacks)
    yield _fallback_rate(known, prefix)
    yield _waits(known, prefix)
    yield _histogram(
        f"{prefix}_attempt_duration_seconds", "Time of a call.", totals, totals.total, lambda sums: sums.total_ms
    )
    yield _histogram(
        f"{prefix}_time_to_first_token_seconds",
        "Time to the first token of streamed calls.",
        totals,
        totals.first_token,
        lambda sums: sums.first_token_ms,
    )


def _told_of(totals: Totals) -> Totals:
    """Without the calls of which nobody could tell."""
    return Totals(_known(totals.table), _known(totals.total), _known(totals.first_token))


def _known(rows: Mapping[Row, _T]) -> dict[Row, _T]:
    return {row: found for row, found in rows.items() if row.outcome != WORKER_DIED}


def _fallback_rate(table: Table, prefix: str) -> Metric:
    told = "Share of a provider's calls, of all time, of jobs that another target had failed."
    family = GaugeMetricFamily(f"{prefix}_fallback_rate", told, labels=["provider"])
    fallbacks = _by(table, _whose, lambda sums: sums.fallbacks)
    for provider, calls in _by(table, _whose, _calls).items():
        family.add_metric(list(provider), fallbacks.get(provider, 0.0) / calls)
    return family


def _waits(table: Table, prefix: str) -> Metric:
    told = "How long the jobs of calls had waited in their queues."
    family = SummaryMetricFamily(f"{prefix}_queue_wait_seconds", told, labels=list(_WHO))
    waited = _in_units(_by(table, _who, lambda sums: sums.queue_wait_ms), 1000)
    for labels, count in _by(table, _who, lambda sums: sums.waits).items():
        family.add_metric(list(labels), int(count), waited.get(labels, 0.0))
    return family


def lost_calls(totals: Totals, *, prefix: str) -> Metric:
    """Of a fleet only: no process knows of its own death."""
    lost = sum(sums.calls for row, sums in totals.table.items() if row.outcome == WORKER_DIED)
    told = "Calls whose worker was gone; one that comes back after all is an attempt, too."
    return CounterMetricFamily(f"{prefix}_lost_calls", told, lost)


def _who(row: Row) -> _Labels:
    return row.provider, row.model, row.task_type


def _whose(row: Row) -> _Labels:
    return (row.provider,)


def _ended(row: Row) -> _Labels:
    return *_who(row), row.outcome


def _priced(row: Row) -> _Labels:
    return *_who(row), row.source


def _calls(sums: Sums) -> int:
    return sums.calls


def _by(table: Table, labels: Callable[[Row], _Labels], value: Callable[[Sums], int]) -> dict[_Labels, float]:
    found: dict[_Labels, float] = {}
    for row, sums in sorted(table.items()):
        if number := value(sums):
            found[labels(row)] = found.get(labels(row), 0) + number
    return found


def _in_units(values: Mapping[_Labels, float], unit: float) -> dict[_Labels, float]:
    return {labels: number / unit for labels, number in values.items()}


def _counter(name: str, told: str, labels: Iterable[str], values: Mapping[_Labels, float]) -> Metric:
    family = CounterMetricFamily(name, told, labels=list(labels))
    for each, number in values.items():
        family.add_metric(list(each), number)
    return family


def _histogram(
    name: str, told: str, totals: Totals, histograms: Mapping[Row, Histogram], sum_ms: Callable[[Sums], int]
) -> Metric:
    family = HistogramMetricFamily(name, told, labels=list(_WHO))
    counts: dict[_Labels, list[int]] = {}
    for row, histogram in sorted(histograms.items()):
        before = counts.get(_who(row), [0] * len(histogram.counts))
        counts[_who(row)] = [one + other for one, other in zip(before, histogram.counts, strict=True)]
    sums = _in_units(_by(totals.table, _who, sum_ms), 1000)
    bounds = [*map(repr, BUCKET_BOUNDS_S), "+Inf"]
    for labels, found in counts.items():
        family.add_metric(list(labels), list(zip(bounds, accumulate(found), strict=True)), sums.get(labels, 0.0))
    return family
