"""What a provider's death cost, from the ledgers of the jobs. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ...tasks.job import Attempt


@dataclass(frozen=True, slots=True)
class Cost:
    """switched: jobs that failed at the dead provider and were answered by another one.

    switch_p50_ms, switch_p99_ms: from a job's first failure to the first byte of its answer from another provider; NaN
    if none switched. asked_p99_ms: until that provider was asked, which takes a slot there. lost: jobs without an
    answer. calls_to_dead: jobs' calls that began when it was dead already. calls_per_job: of all providers. other_ms: a
    call of another provider, the median, once it was dead; a job that comes to a full one waits for the end of one.
    other_slowed: how many times as long as before; NaN if none had been made. makespan_ratio: to the undisturbed run.
    back_s: from its recovery to its next answer.
    """

    switched: int
    switch_p50_ms: float
    switch_p99_ms: float
    asked_p99_ms: float
    lost: int
    calls_to_dead: int
    calls_per_job: float
    other_ms: float
    other_slowed: float
    makespan_ratio: float
    back_s: float

    def to_json(self) -> dict[str, float | int | None]:
        return {
            "switch_p50_ms": known(self.switch_p50_ms),
            "switch_p99_ms": known(self.switch_p99_ms),
            "asked_p99_ms": known(self.asked_p99_ms),
            "lost": self.lost,
            "calls_to_dead": self.calls_to_dead,
            "calls_per_job": round(self.calls_per_job, 3),
            "other_ms": known(self.other_ms),
            "other_slowed": known(self.other_slowed, digits=2),
            "makespan_ratio": round(self.makespan_ratio, 3),
            "switched": self.switched,
            "back_s": round(self.back_s, 2),
        }


def cost_of(
    ledgers: Sequence[Sequence[Attempt]],
    *,
    dead: str,
    struck_at: float,
    lost: int,
    makespan_ratio: float,
    back_s: float,
) -> Cost:
    """ledgers: of each job, oldest attempt first. dead: the provider. struck_at: seconds since the epoch."""
    waits, until_asked = switches(ledgers, dead)
    calls = [attempt for ledger in ledgers for attempt in ledger]
    others = [each for each in calls if each.outcome == "succeeded" and _provider(each) != dead]
    after = _median_s(each for each in others if each.started_at > struck_at)
    return Cost(
        switched=len(waits),
        switch_p50_ms=percentile_ms(waits, 0.5),
        switch_p99_ms=percentile_ms(waits, 0.99),
        asked_p99_ms=percentile_ms(until_asked, 0.99),
        lost=lost,
        calls_to_dead=sum(_provider(each) == dead and each.started_at > struck_at for each in calls),
        calls_per_job=len(calls) / len(ledgers),
        other_ms=after * 1000,
        other_slowed=after / _median_s(each for each in others if each.started_at + each.total_s <= struck_at),
        makespan_ratio=makespan_ratio,
        back_s=back_s,
    )


def switches(ledgers: Iterable[Sequence[Attempt]], dead: str) -> tuple[list[float], list[float]]:
    """Seconds from a job's first failure at the provider until another one's first byte, and until it was asked, both
    sorted; of jobs that another one answered.
    """
    found = [switch for ledger in ledgers if (switch := _switch(ledger, dead)) is not None]
    return sorted(first_byte_s for first_byte_s, _ in found), sorted(asked_s for _, asked_s in found)


def percentile_ms(values: Sequence[float], share: float) -> float:
    """The least of the sorted values (seconds) that `share` of them do not exceed; NaN if there are none."""
    return values[math.ceil(share * len(values)) - 1] * 1000 if values else math.nan


def _switch(ledger: Iterable[Attempt], dead: str) -> tuple[float, float] | None:
    failed_at: float | None = None
    for attempt in ledger:
        if failed_at is None and attempt.failed and _provider(attempt) == dead:
            failed_at = attempt.started_at + attempt.total_s
        elif failed_at is not None and not attempt.failed and _provider(attempt) != dead:
            first_byte_s = attempt.total_s if attempt.first_token_s is None else attempt.first_token_s
            asked_s = attempt.started_at - failed_at
            return asked_s + first_byte_s, asked_s
    return None


def _provider(attempt: Attempt) -> str:
    return attempt.target.partition("/")[0]


def _median_s(calls: Iterable[Attempt]) -> float:
    lasted = [each.total_s for each in calls]
    return median(lasted) if lasted else math.nan


def known(value: float, digits: int = 1) -> float | None:
    """As JSON has it: rounded, and None for NaN."""
    return None if math.isnan(value) else round(value, digits)
