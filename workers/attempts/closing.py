"""What is written when a pool is done with a delivery: the job's end, or where it goes on, and the ledger's entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from ...routing.action import RULES
from ...routing.failure import Failure
from ...tasks.answer import Answer
from ...tasks.job import Attempt, Job, JobState
from ...tasks.results import Outcome
from ...tasks.store import CANCELLED, DAMAGED, LATE, Broken, Store
from ..endpoints.gateway import answered_by
from ..metrics.tally import Tally
from ..patience import PATIENCE_S, persist
from ..settings.provider import ProviderSettings
from .ending import Dropped, Ended, Ending, Moved
from .leases import Running, Stop
from .ledger import entry, explained
from .stand_in import StandIns

log = structlog.get_logger()

#: How an attempt ends that lost its slot because a provider failed or the pool stops; its job waits behind nobody anew.
_NOT_ITS_FAULT = frozenset({"cancelled", *(fault for fault, rule in RULES.items() if rule.breaks)})


@dataclass(frozen=True, slots=True)
class Closing:
    """Each method writes one way in which a delivery is over, patient with Redis, and tells it as an Ending.

    clock: steady seconds. tally: what this process has attempted. stand_ins: models that have answered in place of
    those that were asked.
    """

    node: str
    store: Store
    provider: ProviderSettings
    tally: Tally
    clock: Callable[[], float]
    stand_ins: StandIns = field(default_factory=StandIns)

    async def not_ours(self, job_id: str, verdict: str) -> Ending:
        """The job could not be claimed. verdict: why, as `Store.claim` says it."""
        if verdict == "expired":
            await persist(lambda: self.store.end_waiting([job_id], JobState.EXPIRED, LATE))
        elif verdict == "damaged":
            await persist(lambda: self.store.end_waiting([job_id], JobState.FAILED, DAMAGED))
            log.error("job.unreadable", job_id=job_id, error=DAMAGED)
        log.debug("delivery.dropped", job_id=job_id, found=verdict)
        return Dropped(verdict)

    async def broken(self, job: Broken) -> Ending:
        outcome = Outcome(job.id, JobState.FAILED, error=job.why)
        await persist(lambda: self.store.finish(job, outcome))
        log.error("job.unreadable", job_id=job.id, error=job.why)
        return Ended(outcome)

    async def commit(self, running: Running, answer: Answer) -> Ending:
        job = running.job
        attempt = self.entry(running, "succeeded", answer=answer)
        outcome = Outcome(job.id, JobState.SUCCEEDED, answer)
        if not await persist(lambda: self.store.finish(job, outcome, attempt)):
            return self._lost(running)
        log.debug("job.succeeded", job_id=job.id, target=attempt.target, attempt=job.attempts, total_s=attempt.total_s)
        return _ended(running, outcome)

    async def stopped(self, running: Running) -> Ending:
        """The call may have cost something, whoever stopped it."""
        job, attempt = running.job, self.entry(running, "cancelled", answer=running.paid)
        if running.stop is Stop.LOST:
            await persist(lambda: self.store.book(job, attempt))
            return self._lost(running)
        if running.stop is Stop.SHUTDOWN:
            log.info("job.handed_back", job_id=job.id)
            why = "the pool stops"
            return await self.put_back(running, why, job.queue, uncounted=True, attempt=attempt, patience_s=5.0)
        outcome = Outcome(job.id, JobState.CANCELLED, error=CANCELLED)
        if not await persist(lambda: self.store.finish(job, outcome, attempt)):
            return self._lost(running)
        log.info("job.cancelled", job_id=job.id)
        return _ended(running, outcome)

    async def put_back(
        self,
        running: Running,
        why: str,
        queue: str,
        *,
        wait_s: float = 0.0,
        uncounted: bool = False,
        tried: str = "",
        attempt: Attempt | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Ending:
        """The job goes to a queue, as `Store.put_back` has it. why: for `fleet job` and Flower."""
        job, urgent = running.job, attempt is not None and attempt.outcome in _NOT_ITS_FAULT
        done = await persist(
            lambda: self.store.put_back(
                job, queue, wait_s=wait_s, uncounted=uncounted, urgent=urgent, tried=tried, attempt=attempt, why=why
            ),
            patience_s=patience_s,
        )
        match done:
            case "done":
                return Moved(why)
            case "cancelled":
                log.info("job.cancelled", job_id=job.id)
                return _ended(running, Outcome(job.id, JobState.CANCELLED, error=CANCELLED))
            case "lost":
                return self._lost(running)

    def _lost(self, running: Running) -> Ending:
        log.warning("job.lease_lost", job_id=running.job.id, epoch=running.job.epoch, target=running.target)
        return Dropped("its lease was lost")

    async def give_up(
        self,
        running: Running,
        before: list[Attempt],
        reason: str,
        skipped: Mapping[str, str],
        last: Attempt | None = None,
    ) -> Ending:
        """The job ends as failed or expired. before: the attempts in the ledger; last: the one that is not in it yet.
        skipped: targets that were not asked, and why.
        """
        attempts = [*before, last] if last else before
        state = JobState.EXPIRED if running.ends_at <= self.clock() else JobState.FAILED
        outcome = Outcome(running.job.id, state, error=explained(reason, attempts, skipped))
        if not await persist(lambda: self.store.finish(running.job, outcome, last)):
            return self._lost(running)
        log.warning("job.failed", job_id=running.job.id, state=state, reason=reason, attempts=len(attempts))
        return _ended(running, outcome)

    async def entries(self, job: Job) -> list[Attempt]:
        """What the ledger has of the job since it was last handed in."""
        return await persist(lambda: self.store.attempts(job.id, after=job.since))

    def entry(
        self, running: Running, outcome: str, *, failure: Failure | None = None, answer: Answer | None = None
    ) -> Attempt:
        """The attempt that is over now, counted, and not written yet."""
        by = answered_by(self.provider, running.target, answer)
        made = entry(
            running.job,
            running.target,
            outcome,
            node=self.node,
            started_at=(running.job.started_at or 0.0) + running.asked_at - running.began_at,
            total_s=self.clock() - running.asked_at,
            failure=failure,
            answer=answer,
            lost=running.lost,
            answered_by=by or self.stand_ins.seen(self.provider, running.target, answer),
        )
        return self.tally.count(made, running.job.task_type)


def _ended(running: Running, outcome: Outcome) -> Ended:
    """Only a Celery canvas, or who handed in the job again with its idempotency key, can wait for the end in Redis."""
    return Ended(outcome, awaited=bool(running.job.canvas or running.spec.idempotency_key))
