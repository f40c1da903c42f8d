"""The accounts of a run: from what was handed in, what the providers served and what Redis holds, to what was lost.

An answer is *bought* when a provider has handed a whole answer to the network. Of a job's bought answers, one is
committed at most. Every other one was paid for in vain, for one of these reasons:

- killed: whoever had asked was killed before it could commit. Nobody can help that; it is counted.
- out of reach: whoever had asked was frozen or cut off from Redis, long enough to lose its lease.
- cancelled: the job had ended otherwise in the meantime, so that nobody wanted an answer.

What is left is *bought twice*: a whole answer reached a worker that lived and reached Redis, and yet another one was
bought.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workfleet.tasks.job import JobState
from workfleet.tasks.store import POISON

from .crew import Trouble
from .evidence import Case, Evidence
from .on_redis import Outage
from .visits import Visit

#: After its last sign of life a worker may have received an answer without having had the time to commit it.
_GRACE_S = 0.5


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
    submitted: Collection[str], evidence: Evidence, visits: Sequence[Visit], troubles: Sequence[Trouble]
) -> Account:
    by_job: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_job[visit.job].append(visit)
    by_worker: dict[str, list[Trouble]] = defaultdict(list)
    for trouble in troubles:
        by_worker[trouble.worker].append(trouble)
    cases = {case.custom_id: case for case in evidence.cases}
    reasons = {case.id: _in_vain(case, by_job[case.id], by_worker) for case in evidence.cases}
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
        poison=sum(case.custom_id.startswith("poison") and case.id in evidence.dead_letters for case in poisoned),
        innocent=sum(not case.custom_id.startswith("poison") for case in poisoned),
    )


def _is_lost(case: Case | None) -> bool:
    return case is None or case.state is None or not case.state.final or case.told != (case.state,)


def _twice(evidence: Evidence) -> int:
    """Jobs with two successes in the ledger that were not refused."""
    return sum([entry.outcome for entry in case.ledger].count("succeeded") > 1 for case in evidence.cases)


def _in_vain(case: Case, made: Sequence[Visit], troubles: Mapping[str, Sequence[Trouble]]) -> list[str | None]:
    """For each bought answer that was not committed, why; None if there was no reason."""
    bought = [visit for visit in made if visit.complete]
    return [_why(case, visit, made, troubles.get(visit.worker, ())) for visit in bought if visit.answer != case.answer]


def _why(case: Case, visit: Visit, made: Sequence[Visit], troubles: Sequence[Trouble]) -> str | None:
    following = min((each.began for each in made if each.began > visit.began), default=float("inf"))
    for trouble in troubles:
        during = trouble.began <= max(visit.ended + _GRACE_S, following) and trouble.ended >= visit.began
        if during and trouble.what in ("killed", "ended"):
            return "killed"
        if during and trouble.what in ("frozen", "cut off"):
            return "out of reach"
    if case.state is not JobState.SUCCEEDED and following == float("inf"):
        return "cancelled"
    return None


def _is_wrong(case: Case, made: Sequence[Visit]) -> bool:
    return bool(case.answer) and case.answer not in {visit.answer for visit in made if visit.complete}


def _overlap(made: Sequence[Visit], troubles: Mapping[str, Sequence[Trouble]]) -> bool:
    """Whether a second call began while the first was under way, and its caller had its lease."""
    return any(
        second.began < first.ended and not any(each.began <= second.began for each in troubles.get(first.worker, ()))
        for first, second in pairwise(made)
    )


def resumption(outages: Iterable[Outage], visits: Sequence[Visit], troubles: Sequence[Trouble]) -> list[float]:
    """Seconds from each return of Redis to the next call of each worker that had lived through its absence."""
    unwell = {trouble.worker for trouble in troubles if trouble.what != "killed"}
    deaths = {trouble.worker: trouble.began for trouble in troubles}
    found: list[float] = []
    for outage in outages:
        before = {visit.worker for visit in visits if visit.began < outage.began} - unwell
        for worker in before:
            nexts = [visit.began for visit in visits if visit.worker == worker and visit.began > outage.ended]
            died = deaths.get(worker, float("inf"))
            if died > outage.ended:
                found.append(min(nexts, default=died) - outage.ended)
    return sorted(found)
