"""What a provider's death cost, from the ledgers of the jobs. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...tasks.job import Attempt


@dataclass(frozen=True, slots=True)
class Cost:
    """switched: jobs that failed at the dead provider and were answered by another one.

    switch_p50_ms, switch_p99_ms: from a job's first failure to the first byte of its answer from another provider; NaN
    if none switched. asked_p99_ms: until that provider was asked, which takes a slot there. lost: jobs without an
    answer. calls_to_dead: jobs' calls that began when it was dead already. makespan_ratio: to the undisturbed run.
    back_s: from its recovery to its next answer.
    """

    switched: int
    switch_p50_ms: float
    switch_p99_ms: float
    asked_p99_ms: float
    lost: int
    calls_to_dead: int
    makespan_ratio: float
    back_s: float

    def to_json(self) -> dict[str, float | int | None]:
        return {
            "switch_p50_ms": _known(self.switch_p50_ms),
            "switch_p99_ms": _known(self.switch_p99_ms),
            "asked_p99_ms": _known(self.asked_p99_ms),
            "lost": self.lost,
            "calls_to_dead": self.calls_to_dead,
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
    switches = [switch for ledger in ledgers if (switch := _switch(ledger, dead)) is not None]
    waits, until_asked = (sorted(each) for each in (zip(*switches, strict=True) if switches else ((), ())))
    calls = (attempt for ledger in ledgers for attempt in ledger)
    late = sum(_provider(attempt) == dead and attempt.started_at > struck_at for attempt in calls)
    percentiles = (_ms(waits, 0.5), _ms(waits, 0.99), _ms(until_asked, 0.99))
    return Cost(len(waits), *percentiles, lost, late, makespan_ratio, back_s)


def _switch(ledger: Iterable[Attempt], dead: str) -> tuple[float, float] | None:
    """Seconds from the first failure at the dead provider until another one's first byte, and until it was asked; None
    without a switch.
    """
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


def _ms(values: Sequence[float], share: float) -> float:
    """The least of the sorted values (seconds) that `share` of them do not exceed; NaN if there are none."""
    return values[math.ceil(share * len(values)) - 1] * 1000 if values else math.nan


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 1)
