"""A job's way through a pool: lease, target, ask, judge, commit; and what follows a failure.

Each step is a method of a few lines. What happens after a failure is decided in `routing.action`; here it is carried
out, and `closing` writes it.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog

from ...routing.action import Fallback, GiveUp, Retry, Snooze, next_action
from ...routing.directory import Directory
from ...routing.failure import Failure, Fault
from ...routing.gate import PoolState
from ...routing.lanes import alternate_queue
from ...tasks.answer import Answer
from ...tasks.job import Attempt
from ...tasks.store import Broken, Claimed, Store, new_ticket
from ...tasks.submission import retries_of
from ..endpoints.availability import Unavailable
from ..endpoints.upstream import Upstream
from ..judging.objection import objection
from ..limits.admission import Admission
from ..limits.admitted import NotAdmitted
from ..limits.books import LimitBooks
from ..metrics.tally import Tally
from ..patience import persist
from ..providers.dialect import Delta
from ..providers.endpoint import AttemptFailed
from .answer_cache import AnswerCache, kept_s
from .chain import Alternatives, model_of, second_chance
from .closing import Closing
from .ending import Declined, Ending
from .leases import LEASE_S, Leases, Running, Stop, Stopped
from .one_a_turn import OneATurn
from .outlook import Outlook
from .paced_call import ask_in_turn
from .relay import Relay
from .second_try import told_what_was_wrong
from .situation import situation
from .spending import no_target
from .suspects import Suspects
from .turned_away import LOOK_AGAIN_S, Stay, longest_wait_s, turned_away

log = structlog.get_logger()


@dataclass(slots=True)
class Executor:
    """Runs jobs of one pool.

    node: the worker's name. upstream: the provider's endpoints. pools: what all pools last said, by provider; what is
    new comes in a new mapping.
    draining: it takes no more jobs. clock: steady seconds. jitter: from 0 to 1. patient: the steps before and after
    the calls.
    """

    node: str
    store: Store
    leases: Leases
    upstream: Upstream
    directory: Directory
    pools: dict[str, PoolState] = field(default_factory=dict[str, PoolState])
    draining: bool = False
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    tally: Tally = field(default_factory=Tally)
    patient: OneATurn = field(default_factory=OneATurn)
    closing: Closing = field(init=False)
    admission: Admission = field(init=False)
    cache: AnswerCache = field(init=False)
    suspects: Suspects = field(init=False)
    outlook: Outlook = field(init=False)

    def __post_init__(self) -> None:
        self.closing = Closing(self.node, self.store, self.upstream.provider, self.tally, self.clock)
        self.outlook = Outlook(self.upstream.provider.name)
        self.suspects = Suspects(self.leases)
        redis, namespace = self.store.redis, self.store.namespace
        self.admission = Admission(self.upstream.provider, LimitBooks(redis, namespace=namespace))
        self.cache = AnswerCache(redis, namespace=namespace)

    async def run(self, job_id: str, *, on_free: Callable[[], None] = lambda: None) -> Ending:
        """Run one delivery to its end. on_free: called as soon as it needs its slot no longer."""
        await self.suspects.pass_by()
        if self.draining:
            return Declined()
        await self.patient.turn()
        ticket, asked_at = new_ticket(), self.leases.clock()
        claimed = await persist(lambda: self.store.claim(job_id, owner=self.node, lease_s=LEASE_S, ticket=ticket))
        if isinstance(claimed, str):
            return await self.closing.not_ours(job_id, claimed)
        if isinstance(claimed, Broken):
            return await self.closing.broken(claimed)
        running = self._begun(claimed, on_free, asked_at)
        with self.suspects.counted(running):
            ending = await self._serve(running)
        await self.admission.settled(running.job)
        return ending

    def _begun(self, claimed: Claimed, on_free: Callable[[], None], asked_at: float) -> Running:
        """The deadline is told on Redis' clock. What is left of it is counted on ours, which shows another time."""
        job, now = claimed.job, self.clock()
        assert job.started_at is not None
        ends_at = now + job.deadline_at - job.started_at
        return Running(job, claimed.spec, ends_at, began_at=now, on_free=on_free, sure_at=asked_at)

    async def _serve(self, running: Running) -> Ending:
        if (why := self.suspects.why_not(running)) is not None:
            return await self.closing.put_back(
                running, why, running.job.queue, wait_s=1.0 + self.jitter(), uncounted=True
            )
        if (known := await self._known(running)) is not None:
            return await self.closing.commit(running, known)
        others = self._alternatives(running, await self.closing.entries(running.job) if running.spec.capped else ())
        if others.own is None:
            return await self._pass_on(running, others, "this provider cannot run it")
        if (out := self.upstream.why_not()) is not None:
            return await self._pass_on(running, others, out)
        model = model_of(others.own, self.directory, running.job.task_type, self.upstream.models)
        if model is None:
            return await self._pass_on(running, others, "no model is configured, and the server lists none")
        return await self._attempt(running, others, model)

    async def _attempt(self, running: Running, others: Alternatives, model: str) -> Ending:
        if not await self.leases.slot(running):
            return await self.closing.put_back(running, "no slot came free", running.job.queue, uncounted=True)
        running.target, running.asked_at = f"{self.upstream.provider.name}/{model}", self.clock()
        try:
            async with self.suspects.alone(running):
                answer = await self._ask(running, others, model)
        except (Unavailable, NotAdmitted) as not_asked:
            return await self._not_asked(running, others, not_asked)
        except AttemptFailed as failed:
            return await self._after(running, others, failed.failure)
        except Stopped:
            return await self.closing.stopped(running)
        except Exception as defect:
            # The boundary of one job: a defect of ours costs an attempt, which is booked; it is no worker's death.
            log.exception("attempt.broke", job_id=running.job.id, target=running.target)
            failure = Failure(Fault.SERVER, f"the answer could not be handled: {type(defect).__name__}: {defect}")
            return await self._after(running, others, failure)
        await self.patient.turn()
        ending = await self.closing.commit(running, answer)
        if (for_s := kept_s(running.spec, self.upstream.task(running.job.task_type).cache_s)) is not None:
            await self.cache.keep(running.spec, running.target, answer, for_s)
        return ending

    async def _known(self, running: Running) -> Answer | None:
        """The answer to the same request, if it was asked before and may be given again."""
        if kept_s(running.spec, self.upstream.task(running.job.task_type).cache_s) is None:
            return None
        running.asked_at = self.clock()
        known = await self.cache.find(running.spec)
        if known is None or objection(running.spec, known.answer) is not None:
            return None
        running.target, answer = known.target, known.answer
        if running.spec.stream:
            relay = Relay(self.store, running.job)
            await relay.take(Delta(answer.text, answer.reasoning, answer.tool_fragments))
            await relay.close()
        return answer

    def _alternatives(self, running: Running, paid: Iterable[Attempt]) -> Alternatives:
        job, spec = running.job, running.spec
        raised = self.admission.gauge.raised(spec.request) if spec.capped else {}
        return self.outlook.alternatives(job, spec, self.directory, self.pools, paid=paid, raised=raised)

    async def _ask(self, running: Running, others: Alternatives, model: str) -> Answer:
        """One call, stopped from outside through `running`. A rejected answer is a failure like any other."""
        running.spec = await told_what_was_wrong(self.store, running)
        relay = Relay(self.store, running.job) if running.spec.stream else None
        on_delta = relay.take if relay else None
        # What the call used is settled outside of it: nobody who stops the job may cost it an answer that has come.
        longest_s = longest_wait_s(running.job, others, self.pools)
        async with self.admission.admitted(running.job, running.spec, model, self.directory, longest_s) as admitted:
            try:
                with running.stoppable():
                    answer = await ask_in_turn(
                        admitted, self.upstream, self.leases, running, on_delta, clock=self.clock
                    )
            finally:
                self.leases.free(running)
                if relay is not None and running.stop is Stop.LOST:
                    relay.drop()
                elif relay is not None:
                    await relay.close()
        failure = objection(running.spec, answer)
        self.upstream.judged(running.spec, model, answer, failure)
        if failure is not None:
            raise AttemptFailed(failure)
        return answer

    async def _not_asked(self, running: Running, others: Alternatives, not_asked: Unavailable | NotAdmitted) -> Ending:
        """No attempt is used up; what follows a limit's denial is decided in `turned_away`."""
        if isinstance(not_asked, Unavailable):
            return await self._pass_on(running, others, str(not_asked))
        self.admission.changed()
        time_left_s, jitter = running.ends_at - self.clock(), self.jitter()
        job, denied = running.job, not_asked.denied
        match turned_away(denied, job, others, self.directory, self.pools, time_left_s=time_left_s, jitter=jitter):
            case GiveUp(reason):
                return await self.closing.give_up(running, await self.closing.entries(job), reason, others.skipped)
            case Stay(queue, wait_s):
                return await self.closing.put_back(running, str(not_asked), queue, wait_s=wait_s, uncounted=True)

    async def _after(self, running: Running, others: Alternatives, failure: Failure) -> Ending:
        """Carry out what `next_action` says."""
        job, target = running.job, running.target
        attempt = self.closing.entry(running, failure.fault, failure=failure, answer=running.paid)
        before = await self.closing.entries(job)
        if running.spec.capped:
            others = self._alternatives(running, [*before, attempt])
        found = situation(running, others, failure, before, self.upstream, now=self.clock(), jitter=self.jitter())
        action = next_action(failure, found, retries_of(running.spec, self.directory))
        facts = {"target": target, "fault": failure.fault, "attempt": job.attempts, "error": failure.message}
        log.warning("attempt.failed", job_id=job.id, action=type(action).__name__.lower(), **facts)
        own_queue = alternate_queue(self.upstream.provider.name)
        match action:
            case Retry(wait_s):
                why = f"{failure.fault}, again in {wait_s:.1f} s"
                return await self.closing.put_back(running, why, own_queue, wait_s=wait_s, attempt=attempt)
            case Snooze(wait_s):
                why = f"{failure.fault}, snoozed for {wait_s:.1f} s"
                return await self.closing.put_back(
                    running, why, own_queue, wait_s=wait_s, uncounted=True, attempt=attempt
                )
            case Fallback(counted):
                to = others.next_for(failure)
                assert to is not None
                why, queue = f"{failure.fault}, on to {to.provider}", alternate_queue(to.provider)
                return await self.closing.put_back(
                    running, why, queue, uncounted=not counted, tried=target, attempt=attempt
                )
            case GiveUp(reason):
                return await self.closing.give_up(running, before, reason, others.skipped, attempt)

    async def _pass_on(self, running: Running, others: Alternatives, why: str) -> Ending:
        """Send a job on without an attempt: to the next target that takes jobs, or to wait until one does."""
        job, name = running.job, self.upstream.provider.name
        if self.upstream.elsewhere and self.upstream.why_not() is not None:
            why = f"{why}; on to another host of {name}"
            return await self.closing.put_back(running, why, job.queue, uncounted=True)
        before = [] if others.next else await self.closing.entries(job)
        to = others.next or second_chance(others, job, self.directory, before)
        if to is not None:
            why, queue = f"{why}; on to {to.provider}", alternate_queue(to.provider)
            return await self.closing.put_back(running, why, queue, uncounted=True)
        if others.hopeless or (self.upstream.hopeless and not others.waiting):
            skipped = {**others.skipped, name: why}
            return await self.closing.give_up(running, before, no_target(running.spec, before), skipped)
        wait_s = self._until_one_may(running, others) + self.jitter()
        why = f"{why}; {others.nobody}"
        return await self.closing.put_back(running, why, job.queue, wait_s=wait_s, uncounted=True)

    def _until_one_may(self, running: Running, others: Alternatives) -> float:
        """Seconds until a job that nobody takes is looked at again."""
        if others.own is None or not others.alone:
            return 1.0
        if self.upstream.why_not() is not None and not self.upstream.resting:
            return LOOK_AGAIN_S  # it is recalled when that has changed
        model = model_of(others.own, self.directory, running.job.task_type, self.upstream.models)
        return min(max(1.0, self.upstream.rests_s(model)), LOOK_AGAIN_S)
