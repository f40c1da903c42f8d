"""A pool's provider: its endpoints, which of them takes the next call, and whether they take calls at all."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from ..routing.failure import Failure, Fault
from ..tasks.answer import Answer, Usage
from ..tasks.job import Job, JobSpec
from .availability import HOSTED, SELF_HOSTED, Availability
from .pricing import priced
from .providers.asking import OnDelta, OnHeaders
from .providers.endpoint import AttemptFailed, Endpoint, Timeouts
from .providers.sender import Sender
from .settings.provider import ProviderSettings

log = structlog.get_logger()

#: Tokens a second that even a slow server reaches; long answers get the time they need at this rate.
SLOW_TOKENS_PER_S = 20.0


class Unavailable(Exception):
    """No endpoint takes calls now; the message says why."""


@dataclass(slots=True)
class Line:
    """One endpoint of the provider and what is known of it. busy: calls under way."""

    endpoint: Endpoint
    availability: Availability
    busy: int = 0


@dataclass(slots=True)
class Upstream:
    """The provider as one pool sees it.

    task_timeouts: task type -> seconds of one attempt. models: what the server lists, for jobs that name none.
    changed: called when it became available or unavailable, so that the gate need not wait for its next turn.
    """

    provider: ProviderSettings
    lines: list[Line]
    sender: Sender
    task_timeouts: Mapping[str, float] = field(default_factory=dict[str, float])
    models: tuple[str, ...] = ()
    clock: Callable[[], float] = time.monotonic
    changed: Callable[[], None] = lambda: None

    @classmethod
    def of(
        cls,
        provider: ProviderSettings,
        endpoints: tuple[Endpoint, ...],
        sender: Sender,
        *,
        task_timeouts: Mapping[str, float] | None = None,
    ) -> "Upstream":
        policy = SELF_HOSTED if provider.self_hosted else HOSTED
        lines = [Line(endpoint, Availability(policy)) for endpoint in endpoints]
        return cls(provider, lines, sender, task_timeouts or {})

    def why_not(self) -> str | None:
        """Why no endpoint takes calls, None if one does."""
        reasons = [line.availability.why_not(now=self.clock()) for line in self.lines]
        return None if None in reasons else reasons[0]

    @property
    def resting(self) -> bool:
        """An endpoint is out only until its breaker closes."""
        return any(line.availability.resting(now=self.clock()) for line in self.lines)

    @property
    def hopeless(self) -> bool:
        """No endpoint will take calls until somebody changes the configuration."""
        return all(line.availability.rejected is not None for line in self.lines)

    async def ask(
        self,
        job: Job,
        spec: JobSpec,
        model: str,
        *,
        time_left_s: float,
        on_delta: OnDelta | None = None,
        on_headers: OnHeaders = lambda _: None,
    ) -> Answer:
        """One call at the least busy endpoint; its outcome tells the breaker. Raises AttemptFailed, Unavailable."""
        line, began = self._least_busy(), self.clock()
        timeouts = self._timeouts(job, spec, time_left_s)
        known = self.provider.model(model)
        line.busy += 1
        self._observe(line, lambda: line.availability.asked(now=began))
        try:
            answer = await self.sender.ask(
                line.endpoint,
                model,
                spec.request,
                timeouts,
                on_delta=on_delta,
                context_tokens=known.context_tokens if known else None,
                job_id=job.id,
                on_headers=on_headers,
            )
        except AttemptFailed as failed:
            self._note_failure(line, failed.failure, began, cut_short=timeouts.total_s >= time_left_s)
            raise
        except BaseException:
            # Cancelled, or a defect of ours: it says nothing of the provider, and must not block the next try.
            self._observe(line, lambda: line.availability.stopped(began=began))
            raise
        finally:
            line.busy -= 1
        self._observe(line, lambda: line.availability.succeeded(began=began, now=self.clock()))
        return answer.model_copy(update={"usage": self._priced(answer.usage, model)})

    def _note_failure(self, line: Line, failure: Failure, began: float, *, cut_short: bool) -> None:
        """cut_short: the job's deadline left the provider less time than its own limit."""
        ours = (Fault.TIMEOUT_FIRST_TOKEN, Fault.TIMEOUT_IDLE, Fault.TIMEOUT_TOTAL)
        if cut_short and failure.fault in ours:
            self._observe(line, lambda: line.availability.stopped(began=began))
        else:
            self._observe(line, lambda: line.availability.failed(failure, began=began, now=self.clock()))

    def _least_busy(self) -> Line:
        now = self.clock()
        taking = [line for line in self.lines if line.availability.why_not(now=now) is None]
        if not taking:
            raise Unavailable(self.why_not())
        return min(taking, key=lambda line: line.busy)

    def _timeouts(self, job: Job, spec: JobSpec, time_left_s: float) -> Timeouts:
        """The provider's limits, longer for long answers, and never past the job's deadline."""
        limits = self.provider.timeouts
        total = self.task_timeouts.get(job.task_type) or max(
            limits.total_s, (spec.request.max_tokens or 0) / SLOW_TOKENS_PER_S
        )
        total = max(0.001, min(total, time_left_s))
        if not (spec.request.stream or spec.stream):
            # An answer in one piece has no first token before it is whole.
            return replace(limits, first_token_s=math.inf, idle_s=math.inf, total_s=total)
        return replace(limits, total_s=total)

    def _priced(self, usage: Usage, model: str) -> Usage:
        return priced(usage, self.provider, model)

    def _observe(self, line: Line, note: Callable[[], None]) -> None:
        before = self.why_not()
        note()
        after = self.why_not()
        if before != after:
            log.warning(
                "provider.changed", provider=self.provider.name, endpoint=line.endpoint.base_url, unavailable=after
            )
            self.changed()

    async def probe(self) -> None:
        """Ask each endpoint that is out whether it is back: a health check, never a paid call."""
        now = self.clock()
        wanting = [line for line in self.lines if line.availability.wants_probe(now=now)]
        await asyncio.gather(*(self._probe(line) for line in wanting))
        if not self.models and self.provider.default_choice() is None and self.why_not() is None:
            # Jobs may come that name no model, and somebody may give the server one at any time.
            await self._learn_models(self._least_busy())

    async def _probe(self, line: Line) -> None:
        problem = None
        if self.provider.health_check.enabled:
            health = await self.sender.health(line.endpoint, timeout_s=self.provider.health_check.timeout_s)
            problem = None if health.healthy else health.detail
        if problem is None and not self.models:
            await self._learn_models(line)
        self._observe(line, lambda: line.availability.probed(problem, now=self.clock()))

    async def _learn_models(self, line: Line) -> None:
        try:
            listed = await self.sender.models(line.endpoint, timeout_s=self.provider.health_check.timeout_s)
        except AttemptFailed as failed:
            log.info("models.not_listed", provider=self.provider.name, error=str(failed.failure))
            return
        self.models = tuple(model.name for model in listed)
