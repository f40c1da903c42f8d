"""The accounts of a run: from what was handed in, what the providers served and what Redis holds, to what was lost.

An answer is *bought* when a provider has handed a whole answer to the network. Of a job's bought answers, one is
committed at most. Every other one was paid for in vain, for one of these reasons:

- killed: who had asked was killed before it could commit. Nobody can help that; it is counted.
- stopped: who had asked was told to stop, and gave its job back just then.
- out of reach: who had asked was frozen or cut off from Redis, long enough to lose its lease.
- ended otherwise: the job was cancelled, or expired, just then.

What is left is *bought twice*: a whole answer reached a worker that lived and reached Redis, and yet another one was
bought.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workfleet.tasks.job import JobState
from workfleet.tasks.store import POISON

from .crew import Trouble
from .evidence import Case, Evidence
from .load import is_poison
from .on_redis import Outage
from .visits import Visit, grouped

#: Seconds in which a worker on a busy machine commits an answer that it has got.
_COMMIT_S = 1.5
#: Seconds after which a provider on a busy machine sees that a caller has given up and closed its connection.
_NOTICED_S = 0.25

_REASONS = {
    "killed": "killed",
    "ended": "killed",
    "stopped": "stopped",
    "frozen": "out of reach",
    "cut off": "out of reach",
}


@dataclass(frozen=True, slots=True)
class Account:
    """submitted: custom ids that were handed in. lost: those without exactly one final state that a client was told of.

    committed_twice: ends that were counted beyond one a job. bought: whole answers. booked: those in the ledger.
    refused: among them, those that came without a lease. in_vain: bought answers that were not committed, by reason.
    wrong_answers: jobs whose answer is not theirs. overlaps: jobs with two calls at a time, though nothing had happened
    to the first caller. findings: what does not fit together in Redis. poison: jobs that killed their workers and are
    dead letters for it. innocent: jobs that were taken for such.
    """

    submitted: int
    ended: Mapping[JobState, int]
    lost: tuple[str, ...]
    committed_twice: int
    bought: int
    booked: int
    refused: int
    in_vain: Mapping[str, int]
    bought_twice: tuple[str, ...]
    wrong_answers: tuple[str, ...]
    overlaps: tuple[str, ...]
    findings: tuple[str, ...]
    poison: int
    innocent: int

    @property
    def adds_up(self) -> bool:
        return self.submitted == sum(self.ended.values())


def account(
    submitted: Collection[str],
    evidence: Evidence,
    visits: Sequence[Visit],
    troubles: Sequence[Trouble],
    outages: Sequence[Outage],
) -> Account:
    by_job = grouped(visits, by=lambda visit: visit.job)
    by_worker = grouped(troubles, by=lambda trouble: trouble.worker)
    cases = {case.custom_id: case for case in evidence.cases}
    reasons = {case.id: _in_vain(case, by_job[case.id], by_worker, outages) for case in evidence.cases}
    ended = Counter(case.state for case in evidence.cases if case.state is not None and case.state.final)
    ledger = [entry for case in evidence.cases for entry in case.ledger]
    poisoned = [case for case in evidence.cases if case.reason == POISON]
    return Account(
        submitted=len(submitted),
        ended=ended,
        lost=tuple(sorted(custom_id for custom_id in submitted if _is_lost(cases.get(custom_id)))),
        committed_twice=max(0, evidence.commits - len(evidence.cases), len(evidence.listed_twice), _twice(evidence)),
        bought=sum(visit.complete for visit in visits),
        booked=sum(entry.answered for entry in ledger),
        refused=sum(entry.answered and entry.outcome == "lease_lost" for entry in ledger),
        in_vain=Counter(reason for found in reasons.values() for reason in found if reason),
        bought_twice=tuple(job_id for job_id, found in reasons.items() if None in found),
        wrong_answers=tuple(case.id for case in evidence.cases if _is_wrong(case, by_job[case.id])),
        overlaps=tuple(job_id for job_id, made in by_job.items() if _overlap(made, by_worker)),
        findings=evidence.findings,
        poison=sum(is_poison(case.custom_id) and case.id in evidence.dead_letters for case in poisoned),
        innocent=sum(not is_poison(case.custom_id) for case in poisoned),
    )


def _is_lost(case: Case | None) -> bool:
    return case is None or case.state is None or not case.state.final or case.told != (case.state,)


def _twice(evidence: Evidence) -> int:
    """Jobs with two successes in the ledger that were not refused."""
    return sum([entry.outcome for entry in case.ledger].count("succeeded") > 1 for case in evidence.cases)


def _in_vain(
    case: Case, made: Sequence[Visit], troubles: Mapping[str, Sequence[Trouble]], outages: Iterable[Outage]
) -> list[str | None]:
    """For each bought answer that was not committed, why; None if there was no reason."""
    bought = [visit for visit in made if visit.complete and visit.answer != case.answer]
    return [_why(case, visit, made, troubles.get(visit.worker, ()), outages) for visit in bought]


def _why(
    case: Case, visit: Visit, made: Sequence[Visit], troubles: Sequence[Trouble], outages: Iterable[Outage]
) -> str | None:
    until = _could_be_committed_by(visit, outages)
    for trouble in troubles:
        if trouble.began <= until and trouble.ended >= visit.began:
            return _REASONS[trouble.what]
    is_last = all(each.began <= visit.began for each in made)
    return "ended otherwise" if is_last and case.state is not JobState.SUCCEEDED else None


def _could_be_committed_by(visit: Visit, outages: Iterable[Outage]) -> float:
    """When at the latest a worker that is well has committed the answer: while Redis is away, it keeps it."""
    by = visit.ended + _COMMIT_S
    for outage in sorted(outages, key=lambda each: each.began):
        if outage.began <= by and outage.ended >= visit.ended:
            by = max(by, outage.ended + _COMMIT_S)
    return by


def _is_wrong(case: Case, made: Sequence[Visit]) -> bool:
    return bool(case.answer) and case.answer not in {visit.answer for visit in made if visit.complete}


def _overlap(made: Sequence[Visit], troubles: Mapping[str, Sequence[Trouble]]) -> bool:
    """Whether a second call began while the first was under way, and its caller had its lease."""
    return any(
        second.began < first.ended - (0.0 if first.complete else _NOTICED_S)
        and not any(each.began <= second.began for each in troubles.get(first.worker, ()))
        for first, second in pairwise(made)
    )


def resumption(outages: Iterable[Outage], visits: Sequence[Visit], troubles: Sequence[Trouble]) -> list[float]:
    """Seconds from each return of Redis to the next call of each worker that lived through its absence; to its end, if
    there was none.
    """
    calls = grouped(visits, by=lambda visit: visit.worker)
    mishaps = grouped(troubles, by=lambda trouble: trouble.worker)
    found: list[float] = []
    for outage in outages:
        for worker in [worker for worker, made in calls.items() if made[0].began < outage.began]:
            end = min((each.began for each in mishaps[worker] if each.ended > outage.began), default=float("inf"))
            following = (visit.began for visit in calls[worker] if visit.began > outage.ended)
            if end > outage.ended:
                found.append(min((*following, end)) - outage.ended)
    return sorted(found)
