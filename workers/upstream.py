"""A pool's provider: its endpoints, which of them takes the next call, and whether they take calls at all."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from ..tasks.answer import Answer, Usage
from ..tasks.job import Job, JobSpec
from .availability import HOSTED, SELF_HOSTED, Availability
from .pricing import priced
from .providers.asking import OnDelta
from .providers.endpoint import AttemptFailed, Endpoint, Timeouts
from .providers.sender import Sender
from .settings.provider import ProviderSettings

log = structlog.get_logger()

#: Tokens a second that even a slow server reaches; long answers get the time they need at this rate.
SLOW_TOKENS_PER_S = 20.0


@dataclass(slots=True)
class Line:
    """One endpoint of the provider and what is known of it. busy: calls under way."""

    endpoint: Endpoint
    availability: Availability
    busy: int = 0


@dataclass(slots=True)
class Upstream:
    """The provider as one pool sees it.

    task_timeouts: task type -> seconds of one attempt. models: what the server listed when it was first reached.
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
    def hopeless(self) -> bool:
        """No endpoint will take calls until somebody changes the configuration."""
        return all(line.availability.rejected is not None for line in self.lines)

    async def ask(
        self, job: Job, spec: JobSpec, model: str, *, time_left_s: float, on_delta: OnDelta | None = None
    ) -> Answer:
        """One call at the least busy endpoint; raises AttemptFailed. Its outcome counts for the endpoint's breaker."""
        line = self._least_busy()
        timeouts = self._timeouts(job, spec, time_left_s)
        known = self.provider.model(model)
        line.busy += 1
        try:
            answer = await self.sender.ask(
                line.endpoint,
                model,
                spec.request,
                timeouts,
                on_delta=on_delta,
                context_tokens=known.context_tokens if known else None,
                job_id=job.id,
            )
        except AttemptFailed as failed:
            failure = failed.failure
            self._observe(line, lambda: line.availability.failed(failure, now=self.clock()))
            raise
        finally:
            line.busy -= 1
        self._observe(line, lambda: line.availability.succeeded(now=self.clock()))
        return answer.model_copy(update={"usage": self._priced(answer.usage, model)})

    def _least_busy(self) -> Line:
        now = self.clock()
        return min(self.lines, key=lambda line: (line.availability.why_not(now=now) is not None, line.busy))

    def _timeouts(self, job: Job, spec: JobSpec, time_left_s: float) -> Timeouts:
        """The provider's limits, longer for long answers, and never past the job's deadline."""
        limits = self.provider.timeouts
        total = self.task_timeouts.get(job.task_type) or max(
            limits.total_s, (spec.request.max_tokens or 0) / SLOW_TOKENS_PER_S
        )
        total = max(0.001, min(total, time_left_s))
        if not (spec.request.stream or spec.stream):
            # An answer in one piece has no first token before it is whole.
            return replace(limits, first_token_s=total, idle_s=total, total_s=total)
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

    async def _probe(self, line: Line) -> None:
        health = await self.sender.health(line.endpoint, timeout_s=self.provider.health_check.timeout_s)
        if not health.healthy:
            line.availability.unreached = health.detail if line.availability.unreached is not None else None
            return
        if not self.models:
            await self._learn_models(line)
        self._observe(line, lambda: line.availability.succeeded(now=self.clock()))

    async def _learn_models(self, line: Line) -> None:
        try:
            listed = await self.sender.models(line.endpoint, timeout_s=self.provider.health_check.timeout_s)
        except AttemptFailed as failed:
            log.info("models.not_listed", provider=self.provider.name, error=str(failed.failure))
            return
        self.models = tuple(model.name for model in listed)
