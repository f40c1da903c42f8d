"""A job's way through a pool: lease, target, ask, judge, commit; and what follows a failure.

Each step is a method of a few lines. What happens after a failure is decided in `routing.action`; here it is carried
out.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ..routing.action import Fallback, GiveUp, Retry, Situation, Snooze, next_action
from ..routing.directory import Directory, RetryPolicy
from ..routing.failure import Failure, Fault
from ..routing.gate import PoolState
from ..routing.lanes import alternate_queue
from ..tasks.answer import Answer
from ..tasks.job import Attempt, JobState
from ..tasks.results import Outcome
from ..tasks.store import Claimed, Store
from .chain import Alternatives, alternatives, model_of
from .ending import Declined, Dropped, Ended, Ending, Moved
from .judges import judge
from .leases import LEASE_S, Leases, Running, Stop
from .patience import persist
from .providers.endpoint import AttemptFailed
from .upstream import Upstream

log = structlog.get_logger()


@dataclass(slots=True)
class Executor:
    """Runs jobs of one pool.

    node: the worker's name. upstream: the provider's endpoints. pools: what all pools last said, by provider.
    models: what the server offers, for a provider whose configuration names no model. clock: seconds since the epoch;
    jitter: from 0 to 1.
    """

    node: str
    store: Store
    leases: Leases
    upstream: Upstream
    directory: Directory
    pools: dict[str, PoolState] = field(default_factory=dict[str, PoolState])
    draining: bool = False
    clock: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random

    async def run(self, job_id: str) -> Ending:
        """Run one delivery to its end."""
        if self.draining:
            return Declined()
        claimed = await persist(lambda: self.store.claim(job_id, owner=self.node, lease_s=LEASE_S))
        if not isinstance(claimed, Claimed):
            return await self._not_ours(job_id, claimed)
        running = Running(claimed.job, claimed.spec)
        self.leases.held[job_id] = running
        try:
            return await self._serve(running)
        finally:
            del self.leases.held[job_id]

    async def _not_ours(self, job_id: str, verdict: str) -> Ending:
        if verdict == "expired":
            await persist(
                lambda: self.store.end_waiting([job_id], JobState.EXPIRED, "its deadline passed while it waited")
            )
        log.debug("delivery.dropped", job_id=job_id, found=verdict)
        return Dropped(verdict)

    async def _serve(self, running: Running) -> Ending:
        others = self._alternatives(running)
        if others.own is None:
            return await self._pass_on(running, others, "this provider cannot run it")
        if (why := self.upstream.why_not()) is not None:
            return await self._pass_on(running, others, why)
        model = model_of(others.own, self.directory, running.job.task_type, self.upstream.models)
        if model is None:
            return await self._pass_on(running, others, "no model is configured, and the server lists none")
        started = self.clock()
        try:
            answer = await self._ask(running, model)
        except AttemptFailed as failed:
            return await self._after(running, others, model, failed.failure, started)
        except asyncio.CancelledError:
            if running.stop is None:
                raise
            return await self._stopped(running, model, started)
        return await self._commit(running, model, answer, started)

    def _alternatives(self, running: Running) -> Alternatives:
        return alternatives(running.job, running.spec, self.directory, self.pools, provider=self.upstream.provider.name)

    async def _ask(self, running: Running, model: str) -> Answer:
        """One call, stopped from outside through `running`. A rejected answer is a failure like any other."""
        left = running.job.deadline_at - self.clock()
        running.call = asyncio.create_task(self.upstream.ask(running.job, running.spec, model, time_left_s=left))
        answer = await running.call
        verdict = judge(running.spec.judge, answer, running.spec.request) if running.spec.judge else None
        if verdict is not None and not verdict.accepted:
            raise AttemptFailed(Failure(Fault.BAD_OUTPUT, verdict.rejection or "rejected"))
        return answer

    async def _commit(self, running: Running, model: str, answer: Answer, started: float) -> Ending:
        job = running.job
        attempt = self._attempt(running, model, "succeeded", started, answer=answer)
        outcome = Outcome(job.id, JobState.SUCCEEDED, answer)
        if not await persist(lambda: self.store.finish(job, outcome, attempt, answer.usage)):
            log.warning("job.lease_lost", job_id=job.id, epoch=job.epoch, target=attempt.target)
            return Dropped("its lease was lost")
        log.debug("job.succeeded", job_id=job.id, target=attempt.target, attempt=job.attempts, total_s=attempt.total_s)
        return Ended(outcome)

    async def _stopped(self, running: Running, model: str, started: float) -> Ending:
        job = running.job
        if running.stop is Stop.LOST:
            log.warning(
                "job.lease_lost", job_id=job.id, epoch=job.epoch, target=f"{self.upstream.provider.name}/{model}"
            )
            return Dropped("its lease was lost")
        if running.stop is Stop.SHUTDOWN:
            await persist(lambda: self.store.put_back(job, job.queue, uncounted=True), patience_s=5.0)
            log.info("job.handed_back", job_id=job.id)
            return Moved("the pool stops")
        attempt = self._attempt(running, model, "cancelled", started)
        outcome = Outcome(job.id, JobState.CANCELLED, error="cancelled while it ran")
        await persist(lambda: self.store.finish(job, outcome, attempt))
        log.info("job.cancelled", job_id=job.id)
        return Ended(outcome)

    async def _after(
        self, running: Running, others: Alternatives, model: str, failure: Failure, started: float
    ) -> Ending:
        """Carry out what `next_action` says."""
        job, target = running.job, f"{self.upstream.provider.name}/{model}"
        attempt = self._attempt(running, model, failure.fault, started, failure=failure)
        before = await persist(lambda: self.store.attempts(job.id))
        action = next_action(failure, self._situation(running, others, failure, before, target), self._policy(running))
        facts = {"target": target, "fault": failure.fault, "attempt": job.attempts, "error": failure.message}
        log.warning("attempt.failed", job_id=job.id, action=type(action).__name__.lower(), **facts)
        own_queue = alternate_queue(self.upstream.provider.name)
        match action:
            case Retry(wait_s):
                await persist(lambda: self.store.put_back(job, own_queue, wait_s=wait_s, attempt=attempt))
                return Moved(f"{failure.fault}, again in {wait_s:.1f} s")
            case Snooze(wait_s):
                await persist(
                    lambda: self.store.put_back(job, own_queue, wait_s=wait_s, uncounted=True, attempt=attempt)
                )
                return Moved(f"{failure.fault}, snoozed for {wait_s:.1f} s")
            case Fallback():
                to = others.next_for(failure)
                assert to is not None
                await persist(
                    lambda: self.store.put_back(job, alternate_queue(to.provider), tried=target, attempt=attempt)
                )
                return Moved(f"{failure.fault}, on to {to.provider}")
            case GiveUp(reason):
                return await self._give_up(running, others, [*before, attempt], reason)

    async def _give_up(self, running: Running, others: Alternatives, attempts: list[Attempt], reason: str) -> Ending:
        expired = running.job.deadline_at <= self.clock()
        state = JobState.EXPIRED if expired else JobState.FAILED
        outcome = Outcome(running.job.id, state, error=_explain(reason, attempts, others.skipped))
        if not await persist(lambda: self.store.finish(running.job, outcome, attempts[-1])):
            return Dropped("its lease was lost")
        log.warning("job.failed", job_id=running.job.id, state=state, reason=reason, attempts=len(attempts))
        return Ended(outcome)

    async def _pass_on(self, running: Running, others: Alternatives, why: str) -> Ending:
        """Send a job on without an attempt: to the next target that takes jobs, or to wait until one does."""
        job = running.job
        if others.next is not None:
            queue = alternate_queue(others.next.provider)
            await persist(lambda: self.store.put_back(job, queue, uncounted=True))
            return Moved(f"{why}; on to {others.next.provider}")
        if others.hopeless or (self.upstream.hopeless and not others.waiting):
            skipped = {**others.skipped, self.upstream.provider.name: why}
            outcome = Outcome(job.id, JobState.FAILED, error=_explain("no target can run it", [], skipped))
            await persist(lambda: self.store.finish(job, outcome))
            log.warning("job.failed", job_id=job.id, state=JobState.FAILED, reason=outcome.error, attempts=0)
            return Ended(outcome)
        await persist(lambda: self.store.put_back(job, job.queue, wait_s=1.0 + self.jitter(), uncounted=True))
        return Moved(f"{why}; no other target takes jobs now")

    def _situation(
        self, running: Running, others: Alternatives, failure: Failure, before: list[Attempt], target: str
    ) -> Situation:
        here = [
            entry
            for entry in before
            if entry.target == target and entry.outcome not in ("rate_limited", "quota_exhausted")
        ]
        return Situation(
            attempts_used=running.job.attempts,
            retries_here=len(here),
            targets_tried=len({entry.target for entry in before} | {target}),
            alternates=0 if others.next_for(failure) is None else 1,
            time_left_s=running.job.deadline_at - self.clock(),
            jitter=self.jitter(),
        )

    def _policy(self, running: Running) -> RetryPolicy:
        policy = self.directory.retry
        wanted = running.spec.max_attempts
        return policy if wanted is None else policy.model_copy(update={"max_attempts": wanted})

    def _attempt(
        self,
        running: Running,
        model: str,
        outcome: str,
        started: float,
        *,
        failure: Failure | None = None,
        answer: Answer | None = None,
    ) -> Attempt:
        usage = answer.usage if answer else None
        return Attempt(
            number=running.job.attempts,
            epoch=running.job.epoch,
            target=f"{self.upstream.provider.name}/{model}",
            outcome=outcome,
            message=failure.message[:500] if failure else "",
            status=failure.status if failure else None,
            code=failure.code if failure else None,
            node=self.node,
            started_at=started,
            total_s=round(self.clock() - started, 4),
            first_token_s=answer.first_token_s if answer else None,
            queue_wait_s=running.job.queue_wait_s,
            input_tokens=usage.input_tokens if usage else 0,
            output_tokens=usage.output_tokens if usage else 0,
            cost_usd=usage.cost_usd if usage else None,
            cost_source=usage.cost_source if usage else None,
        )


def _explain(reason: str, attempts: list[Attempt], skipped: dict[str, str]) -> str:
    """Why a job failed, with every target that was tried or skipped."""
    tried = [f"{entry.target}: {entry.outcome}: {entry.message}" for entry in attempts]
    left_out = [f"{target}: skipped: {why}" for target, why in skipped.items()]
    return "; ".join([reason, *tried, *left_out])
