"""A pool's provider: its endpoints, which of them takes the next call, and whether they take calls at all."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from pydantic import SecretStr

from ...routing.action import RULES
from ...routing.breaker import BreakerPolicy
from ...routing.control import ProviderControl
from ...routing.failure import Failure, Fault
from ...routing.observed import Observed
from ...tasks.answer import Answer
from ...tasks.breakers import BreakerName, Heard, Note
from ...tasks.fleet_state import EndpointReport
from ...tasks.job import Job, JobSpec
from ..providers.asking import OnDelta, OnHeaders
from ..providers.endpoint import AttemptFailed, Endpoint
from ..providers.meter import Meter
from ..providers.sender import Sender
from ..settings.provider import ProviderSettings
from ..settings.schema import TaskTypeSettings
from .availability import Unavailable
from .change import Standing, told
from .circuit import Circuit
from .gateway import steered_job
from .line import Call, Line, crowded_out, least_busy
from .making_room import make_room
from .manner import limits, streams
from .pricing import Pricing

log = structlog.get_logger()

#: Seconds for which a job that has just failed waits to hear whether its server is gone.
_LOOK_WITHIN_S = 0.5
#: Models that have a circuit, until those are forgotten of which it knows nothing.
_MODELS = 64
#: A task type of which the configuration says nothing.
_PLAIN = TaskTypeSettings()


@dataclass(slots=True)
class Upstream:
    """The provider as one pool sees it.

    policy: of all breakers. task_types: what the configuration says of them. models: of those that the server lists,
    for jobs that name none. changed: called when the fleet is to hear of something, so that the gate need not wait for
    its next turn. control: what was changed by hand. forbidden: models that good credentials may not use, with the
    provider's words; lanes pass them by until a call of one goes well. targets: by model, of hosted providers; what
    fails of our own servers' models counts for the server. elsewhere: another host of the provider takes jobs; relief:
    and its calls go well.
    """

    provider: ProviderSettings
    lines: list[Line]
    sender: Sender
    pricing: Pricing
    policy: BreakerPolicy
    task_types: Mapping[str, TaskTypeSettings] = field(default_factory=dict[str, TaskTypeSettings])
    models: tuple[str, ...] = ()
    clock: Callable[[], float] = time.monotonic
    changed: Callable[[], None] = lambda: None
    control: ProviderControl = field(default_factory=ProviderControl)
    observed: dict[str, Observed] = field(default_factory=dict[str, Observed])
    forbidden: dict[str, str] = field(default_factory=dict[str, str])
    targets: dict[str, Circuit] = field(default_factory=dict[str, Circuit])
    elsewhere: bool = False
    relief: bool = False

    @classmethod
    def of(
        cls,
        provider: ProviderSettings,
        endpoints: tuple[Endpoint, ...],
        sender: Sender,
        *,
        task_types: Mapping[str, TaskTypeSettings] | None = None,
    ) -> "Upstream":
        lines = [Line.of(provider, endpoint) for endpoint in endpoints]
        return cls(provider, lines, sender, Pricing.of(provider), provider.breaker_policy, task_types or {})

    def task(self, task_type: str) -> TaskTypeSettings:
        """What the configuration says of a task type."""
        return self.task_types.get(task_type, _PLAIN)

    def why_not(self) -> str | None:
        """Why no endpoint takes calls, None if one does."""
        if self.control.why_out is not None:
            return self.control.why_out
        reasons = [line.availability.why_not(now=self.clock()) for line in self.lines]
        return None if None in reasons else reasons[0]

    @property
    def resting(self) -> bool:
        """An endpoint is out only until its breaker closes."""
        by_hand = self.control.why_out is not None
        return not by_hand and any(line.availability.resting(now=self.clock()) for line in self.lines)

    def rests_s(self, model: str | None) -> float:
        """Seconds for which breakers keep every call of a model away; 0 if that is not known."""
        now, target = self.clock(), self.targets.get(model or "")
        resting = [line.availability.circuit.rests_s(now=now) for line in self.lines]
        return max(min(resting), target.rests_s(now=now) if target else 0.0)

    @property
    def doubted(self) -> bool:
        """Whether a call from this host would probably fail."""
        return all(line.doubted(now=self.clock()) for line in self.lines)

    @property
    def hopeless(self) -> bool:
        """No endpoint will take calls until somebody changes the configuration."""
        refused = all(line.availability.refusal is not None for line in self.lines)
        return refused or self.control.switch == "disabled"

    def slots(self, configured: int) -> int:
        """Calls at the same time. configured: unless it was changed by hand."""
        by_hand = self.control.slots
        if not self.provider.self_hosted:
            return by_hand or configured
        most = by_hand * len(self.lines) if by_hand else configured
        each, now = math.ceil(most / len(self.lines)), self.clock()
        bears = [(line.bears(each), line.availability.why_not(now=now) is None) for line in self.lines]
        # While none takes calls, jobs come to be sent on.
        return min(most, sum(calls for calls, well in bears if well) or most)

    def endpoints(self) -> tuple[EndpointReport, ...]:
        return tuple(line.report(now=self.clock()) for line in self.lines)

    def refusals(self) -> dict[str, str]:
        """Credentials that were refused to this node, by what stands for them, with the provider's words."""
        lines = (line for line in self.lines if line.availability.rejected is not None)
        return {line.credentials: line.availability.rejected or "" for line in lines}

    def heard_refusals(self, refused: Mapping[str, str]) -> None:
        """The same of all other nodes."""
        for line in self.lines:
            words = refused.get(line.credentials)
            if words != line.availability.rejected_elsewhere:
                with self.observing(line):
                    line.availability.rejected_elsewhere = words

    def use_key(self, key: SecretStr) -> None:
        """Calls from now on have this key."""
        for line in self.lines:
            with self.observing(line):
                line.use_key(key)
                self.forbidden.clear()

    def use(self, control: ProviderControl) -> None:
        """Do as was changed by hand."""
        with self.observing(self.lines[0]):
            if control.resets != self.control.resets:
                self.forbidden.clear()
                for line in self.lines:
                    line.availability.rejected = None
                for circuit in self.circuits():
                    circuit.reset()
            self.control = control

    def follow(self, policy: BreakerPolicy) -> None:
        """Open and close breakers by these figures, as all hosts do; this one's own may be others."""
        self.policy = policy
        for circuit in self.circuits():
            circuit.policy = policy

    def target(self, model: str) -> Circuit | None:
        """The circuit of one model, None if only endpoints have any."""
        if self.provider.self_hosted:
            return None
        if model not in self.targets:
            self._forget_idle()
            self.targets[model] = Circuit(BreakerName("target", self.provider.name, model), self.policy)
        return self.targets[model]

    def _forget_idle(self) -> None:
        """Jobs may name any number of models, of which hardly any are known to their provider."""
        if len(self.targets) >= _MODELS:
            self.targets = {model: circuit for model, circuit in self.targets.items() if not circuit.idle}

    def models_out(self) -> dict[str, str]:
        """Models that take no calls, and why, while the provider does."""
        now = self.clock()
        out = {model: circuit.why_not(now=now) for model, circuit in self.targets.items()}
        resting = {model: why for model, why in out.items() if why is not None}
        forbidden = {model: f"its credentials may not use it: {words}" for model, words in self.forbidden.items()}
        return resting | forbidden | crowded_out(self.lines, now=now)

    async def ask(
        self,
        job: Job,
        spec: JobSpec,
        model: str,
        *,
        time_left_s: float,
        on_delta: OnDelta | None = None,
        on_headers: OnHeaders = lambda _: None,
        meter: Meter | None = None,
    ) -> Answer:
        """One call at the least busy endpoint; its outcome tells the breaker. Raises AttemptFailed, Unavailable."""
        line, target = self.least_busy(model), self.target(model)
        if target is not None and (out := target.why_not(now=self.clock())) is not None:
            raise Unavailable(f"{model}: {out}")
        task = self.task(job.task_type)
        streamed = streams(spec, self.provider, task, model)
        timeouts = limits(
            spec, self.provider, task, model, time_left_s=time_left_s, streamed=streamed, token_s=line.token_s
        )
        known = self.provider.model(model)
        if line.residents is not None:
            await make_room(line.residents, line.endpoint, model, self.sender, clock=self.clock)
        with self.observing(line):
            call = line.call(target, now=self.clock())
        line.busy += 1
        try:
            answer = await self.sender.ask(
                line.endpoint,
                model,
                steered_job(spec, self.provider, model).model_copy(update={"stream": streamed}),
                timeouts,
                on_delta=on_delta,
                context_tokens=known.context_tokens if known else None,
                job_id=job.id,
                on_headers=on_headers,
                meter=meter,
            )
        except AttemptFailed as failed:
            self._note_failure(call, model, failed.failure, cut_short=timeouts.total_s >= time_left_s)
            if failed.failure.fault is Fault.TRANSPORT:
                await self._look_at(line)
            raise
        except BaseException:
            # Cancelled, or a defect of ours: it says nothing of the provider, and must not block the next try.
            with self.observing(line):
                call.stopped()
            raise
        finally:
            line.busy -= 1
            if line.residents is not None:
                line.residents.ended(model, now=self.clock())
        with self.observing(line):
            self.forbidden.pop(model, None)
            call.succeeded(answer, now=self.clock())
        usage = self.pricing.of_answer(answer, model)
        seen = self.observed.get(model, Observed())
        self.observed[model] = seen.answered(
            total_s=self.clock() - call.began, first_token_s=answer.first_token_s, cost_usd=usage.cost_usd
        )
        return answer.model_copy(update={"usage": usage})

    def _note_failure(self, call: Call, model: str, failure: Failure, *, cut_short: bool) -> None:
        """cut_short: the job's deadline left the provider less time than its own limit."""
        ours = (Fault.TIMEOUT_FIRST_TOKEN, Fault.TIMEOUT_IDLE, Fault.TIMEOUT_TOTAL)
        with self.observing(call.line):
            if call.line.availability.forbids(failure):
                self.forbidden[model] = failure.message
            if cut_short and failure.fault in ours:
                call.stopped()
            else:
                call.failed(failure, now=self.clock())
        if failure.fault is Fault.MODEL_NOT_FOUND:
            # Jobs that name no model get another one, and with the last one gone the server is asked anew.
            self.models = tuple(name for name in self.models if name != model)
        if RULES[failure.fault].breaks:
            self.observed[model] = self.observed.get(model, Observed()).failed()
            self.changed()

    def least_busy(self, model: str | None = None) -> Line:
        """The endpoint that takes the next call. Raises Unavailable."""
        line = least_busy(self.lines, model, now=self.clock())
        if line is None:
            raise Unavailable(self.why_not())
        return line

    @contextmanager
    def observing(self, line: Line) -> Generator[None]:
        """Tell of it if what happens in the block changes whether calls are taken."""
        before = Standing(self.why_not(), self.models_out())
        yield
        after = Standing(self.why_not(), self.models_out())
        if told(self.provider.name, line.endpoint.base_url, before, after):
            self.changed()

    def judged(self, spec: JobSpec, model: str, answer: Answer, objection: Failure | None) -> None:
        """What was found of a model's answer. Servers that learn are told of it, whichever of them answered."""
        if objection is not None and objection.fault is Fault.BAD_OUTPUT:
            self.observed[model] = self.observed.get(model, Observed()).turned_down()
        if objection is None and spec.judge is None:
            return
        for line in self.lines:
            self.sender.tell_quality(line.endpoint, spec.request, answer.text, 1.0 if objection is None else 0.0)

    def circuits(self) -> Iterator[Circuit]:
        yield from (line.availability.circuit for line in self.lines)
        yield from self.targets.values()

    def notes(self) -> list[Note]:
        """What the fleet's breakers are to be told."""
        now = self.clock()
        return [note for circuit in self.circuits() for note in circuit.notes(now=now)]

    def untold(self) -> None:
        """The notes did not get through."""
        for circuit in self.circuits():
            circuit.untold()

    def heard(self, heard: Heard, *, node: str) -> None:
        """How the fleet's breakers stand after the notes."""
        for text in heard.breakers:
            name = BreakerName.parse(text)
            if name is not None and name.provider == self.provider.name and name.scope == "target":
                self.target(name.of)
        now = self.clock()
        with self.observing(self.lines[0]):
            for circuit in self.circuits():
                found = heard.breakers.get(str(circuit.name))
                circuit.heard(found, node=node, clock_ms=heard.now, now=now)

    async def _look_at(self, line: Line) -> None:
        """Know at once whether a server of our own is gone, not only when its breaker opens: a check costs nothing."""
        check = self.provider.health_check
        if not (self.provider.self_hosted and check.enabled) or line.ailing:
            return
        line.ailing = True  # who fails meanwhile need not look as well
        health = await self.sender.health(line.endpoint, timeout_s=min(_LOOK_WITHIN_S, check.timeout_s))
        if (problem := line.checked(health, now=self.clock())) is not None:
            with self.observing(line):
                line.availability.lost(problem)

    def learned(self, models: tuple[str, ...]) -> None:
        """Of the models that the server lists now, those for jobs that name none."""
        self.models = models
