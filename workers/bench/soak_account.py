"""The accounts of a soak: what became of the jobs, and what each provider's outages cost. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...tasks.job import LEASE_LOST, Attempt, JobState
from ...tasks.results import Outcome
from .failover_cost import known, percentile_ms, switches

_ANSWERED = frozenset({JobState.SUCCEEDED, LEASE_LOST})
#: Failures that are shown.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Struck:
    """An outage as it came about, from when to when, in seconds since the epoch."""

    provider: str
    what: str
    began: float
    ended: float


@dataclass(slots=True)
class ProviderAccount:
    """answered: jobs. calls: of it, failures: among them, by fault. switched_s: for jobs that failed here and were
    answered elsewhere, seconds from the failure to the first byte there. back_s: for each outage, seconds from its end
    to the next call that was answered.
    """

    answered: int = 0
    calls: int = 0
    failures: Counter[str] = field(default_factory=Counter[str])
    outages: Counter[str] = field(default_factory=Counter[str])
    out_s: float = 0.0
    switched_s: list[float] = field(default_factory=list[float])
    back_s: list[float] = field(default_factory=list[float])

    def to_json(self) -> dict[str, object]:
        switched, back = sorted(self.switched_s), sorted(self.back_s)
        return {
            "answered": self.answered,
            "calls": self.calls,
            "failures": dict(self.failures),
            "outages": dict(self.outages),
            "out_s": round(self.out_s, 1),
            "switched": len(switched),
            "switch_p50_ms": known(percentile_ms(switched, 0.5)),
            "switch_p99_ms": known(percentile_ms(switched, 0.99)),
            "back_p50_s": known(percentile_ms(back, 0.5) / 1000),
        }


@dataclass(slots=True)
class SoakAccount:
    """ended: jobs by their final state. lost: that have none. bought_twice: jobs with a second good answer.

    took_s: of each job that succeeded, from submission to its end. reasons: why the first few failed.
    """

    providers: dict[str, ProviderAccount]
    submitted: int = 0
    ended: Counter[JobState] = field(default_factory=Counter[JobState])
    lost: int = 0
    bought_twice: int = 0
    took_s: list[float] = field(default_factory=list[float])
    reasons: list[str] = field(default_factory=list[str])
    _answers: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    @classmethod
    def of(cls, providers: Sequence[str]) -> "SoakAccount":
        return cls({name: ProviderAccount() for name in providers}, _answers={name: [] for name in providers})

    @property
    def availability(self) -> float:
        """Jobs that succeeded, of all that were handed in; 0 to 1, and 1 if there were none."""
        return self.ended[JobState.SUCCEEDED] / self.submitted if self.submitted else 1.0

    @property
    def failed(self) -> int:
        """Jobs that ended without an answer."""
        return self.ended.total() - self.ended[JobState.SUCCEEDED]

    def to_json(self) -> dict[str, object]:
        took = sorted(self.took_s)
        return {
            "availability": round(self.availability, 6),
            "submitted": self.submitted,
            "ended": {str(state): count for state, count in self.ended.items()},
            "lost": self.lost,
            "bought_twice": self.bought_twice,
            "job_p50_ms": known(percentile_ms(took, 0.5)),
            "job_p99_ms": known(percentile_ms(took, 0.99)),
            "job_max_ms": known(percentile_ms(took, 1.0)),
            "reasons": self.reasons,
            "providers": {name: account.to_json() for name, account in self.providers.items()},
        }

    def add(self, outcome: Outcome, ledger: Sequence[Attempt], *, took_s: float) -> None:
        """A job has ended. ledger: all its attempts, oldest first."""
        self.ended[outcome.state] += 1
        if outcome.state is JobState.SUCCEEDED:
            self.took_s.append(took_s)
        elif len(self.reasons) < _SHOWN:
            self.reasons.append(f"{outcome.job_id}: {outcome.state}: {outcome.error}")
        self.bought_twice += sum(each.outcome in _ANSWERED for each in ledger) > 1
        for name, account in self.providers.items():
            account.switched_s += switches([ledger], name)[0]
        for attempt in ledger:
            self._call(attempt)

    def _call(self, attempt: Attempt) -> None:
        name = attempt.target.partition("/")[0]
        if (account := self.providers.get(name)) is None:
            return
        account.calls += 1
        if attempt.failed:
            account.failures[attempt.outcome] += 1
        elif attempt.outcome in _ANSWERED:
            account.answered += 1
            self._answers[name].append(attempt.started_at)

    def struck(self, outages: Sequence[Struck]) -> None:
        """All outages of the run; once, when all jobs have been added."""
        for outage in outages:
            account = self.providers[outage.provider]
            account.outages[outage.what] += 1
            account.out_s += outage.ended - outage.began
            later = [at for at in self._answers[outage.provider] if at >= outage.ended]
            account.back_s += [min(later) - outage.ended] if later else []
