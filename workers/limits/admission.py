"""Lets calls of one pool's provider through as its limits allow: reserved before, settled after, whatever comes."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog

from ...routing.calibration import Estimated
from ...routing.directory import Budget, Directory, ModelFacts
from ...routing.failure import Failure, Fault
from ...routing.limits import WARN_AT, Limit, Pace, Period
from ...routing.reservation import SLOT_AGAIN_S, WITHOUT_END_S, Ask, Denied, Granted
from ...tasks.connection import PASSING
from ...tasks.job import Job, JobSpec
from ...tasks.request_size import Size, sized
from ..calibration.books import EstimateBooks
from ..calibration.gauge import Gauge
from ..patience import persist
from ..providers.limits_told import limits_in_headers, limits_in_words
from ..settings.provider import ProviderSettings
from .admitted import Admitted, NotAdmitted
from .books import LimitBooks, Wait
from .budgets import agent_scope, budget_quotas, is_agents, nano_rates, spends
from .lore import Lore
from .misfits import Misfits
from .permitted import pauses_of, permitted, told_scope
from .refusal import refusal_s
from .shortage import Shortage
from .words import used_up

log = structlog.get_logger()

#: Seconds for which a call may wait for its turn in a slot, or for a slot of the fleet.
PATIENCE_S = 1.0
#: Seconds for which a fleet-wide slot is held unless it is renewed; a dead worker's comes back after that.
LEASE_S = 10.0
RENEW_EVERY_S = 2.0
#: From this wait on, a target is out: others need not wait until it is known to be full.
OUT_S = 5.0
#: Seconds until a call is tried again that a budget would pay for, and whose price nobody knows.
UNPRICED_S = 60.0
#: Models whose limits are looked at.
_MODELS = 64
#: Seconds after which a settlement is left to what was estimated, if Redis is away.
SETTLE_WITHIN_S = 2.0


@dataclass(slots=True)
class Admission:
    """waits: model -> what the smallest call of it would wait now; of the models that were asked for.

    gauge: estimates inputs; estimates: what the whole fleet has learned of them.
    changed: called when a model became, or ceased to be, out of room. shortage: of room, for whichever model. clock:
    steady seconds.
    """

    provider: ProviderSettings
    books: LimitBooks
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    changed: Callable[[], None] = lambda: None
    waits: dict[str, Wait] = field(default_factory=dict[str, Wait])
    lore: Lore = field(init=False)
    gauge: Gauge = field(default_factory=Gauge)
    estimates: EstimateBooks = field(init=False)
    _held: dict[str, Admitted] = field(default_factory=dict[str, Admitted])
    _settling: dict[tuple[str, int], "asyncio.Task[None]"] = field(
        default_factory=dict[tuple[str, int], "asyncio.Task[None]"]
    )
    shortage: Shortage = field(init=False)
    _misfits: Misfits = field(default_factory=Misfits)

    def __post_init__(self) -> None:
        self.lore = Lore(self.books)
        self.estimates = EstimateBooks(self.books.redis, namespace=self.books.namespace)
        self.shortage = Shortage(self.clock)

    def limits(self, model: str) -> tuple[Limit, ...]:
        told = self.lore.of(told_scope(self.provider, model))
        return permitted(self.provider, model, told, now=self.books.now or time.time())

    @asynccontextmanager
    async def admitted(
        self, job: Job, spec: JobSpec, model: str, directory: Directory, longest_s: float = WITHOUT_END_S
    ) -> AsyncGenerator[Admitted]:
        """Room for one call, settled when the block ends, however it does. Raises NotAdmitted.

        directory: has the prices, and what the job's agent may spend. longest_s: it may wait in its slot. After a
        failure the provider's word is noted before anybody asks again. After an answer nothing waits for it; see
        `settled`.
        """
        limits = self.limits(model)
        if (budget := directory.budget_of(job.agent)) is not None:
            limits = self._paid_by(job.agent, budget, limits, model, directory)
        call = Admitted(f"{job.id}.{job.epoch}", model, f"{job.task_type}|{self.provider.name}/{model}", limits)
        self._note(model)
        if limits:
            ask = replace(self._ask(call, spec, directory), longest_s=longest_s)
            granted = await self._reserved(ask)
            call.wait_s, call.may_cost = granted.wait_s, lambda: granted.nano_usd
        elif self.gauge.due(self._target(model)):
            call.estimated = self.gauge.estimate(self._target(model), spec.request)
        if not limits:
            call.may_cost = lambda: self._may_cost(spec, model, directory)
        self._held[call.id] = call
        try:
            yield call
        except BaseException:
            del self._held[call.id]
            await self._settle(call)
            raise
        del self._held[call.id]
        if call.estimated is not None:
            self.gauge.learn(call.estimated, call.counted)
        if not limits and self.provider.self_hosted:
            return  # nothing to settle, nothing to learn
        self._settling[job.id, job.epoch] = asyncio.create_task(self._settle(call))

    async def settled(self, job: Job) -> None:
        """Wait until what the job's answer has used is in the books."""
        settling = self._settling.pop((job.id, job.epoch), None)
        if settling is not None:
            await asyncio.wait([settling])  # who stops waiting does not stop it
            settling.result()

    def _paid_by(
        self, agent: str, budget: Budget, limits: tuple[Limit, ...], model: str, directory: Directory
    ) -> tuple[Limit, ...]:
        """The limits with an agent's budget, if the call costs anything."""
        facts = directory.providers.get(self.provider.name)
        if facts is not None and facts.costs_nothing(facts.facts_of(model) or ModelFacts(name=model)):
            return limits
        now = self.books.now or time.time()
        return (*limits, *budget_quotas(budget, agent_scope(agent), now=now))

    def _ask(self, call: Admitted, spec: JobSpec, directory: Directory) -> Ask:
        size = sized(spec.request)
        call.estimated = self.gauge.estimate(self._target(call.model), spec.request, size)
        input_nano, answer_nano = self._rates(call, call.estimated, size, directory)
        return Ask(
            call.id,
            call.kind,
            call.estimated.tokens,
            size.answer_cap,
            size.answer_guess,
            PATIENCE_S,
            LEASE_S,
            call.limits,
            pauses_of(self.provider, call.model),
            input_nano=input_nano,
            answer_nano=answer_nano,
            answer_paid=size.answer_cap if spec.capped else 0,
            target=self._target(call.model),
        )

    def _target(self, model: str) -> str:
        return f"{self.provider.name}/{model}"

    def _rates(
        self, call: Admitted, entry: Estimated, size: Size, directory: Directory
    ) -> tuple[float, float] | tuple[None, None]:
        """Nano-dollars for a token of the input and of the answer; None if nobody knows, and no budget has to.

        A pace that was given too little is a moment late; money that was spent is gone: it is for the most that the
        input may be.
        """
        size = replace(size, input_tokens=entry.most)
        rates = nano_rates(directory.providers.get(self.provider.name), call.model, size)
        if rates is None and (budget := spends(call.limits)) is not None:
            raise NotAdmitted(Denied(UNPRICED_S, budget))
        if rates is None:
            return None, None
        return rates[0] * entry.most / max(1, entry.tokens), rates[1]

    def _may_cost(self, spec: JobSpec, model: str, directory: Directory) -> int | None:
        """What is presumed of a call for which nothing had to be reserved, in nano-dollars."""
        size = sized(spec.request)
        rates = nano_rates(directory.providers.get(self.provider.name), model, size)
        return None if rates is None else math.ceil(size.input_tokens * rates[0] + size.answer_guess * rates[1])

    async def _reserved(self, ask: Ask) -> Granted:
        give_up_at = self.clock() + PATIENCE_S
        while True:
            said = await persist(lambda: self.books.reserve(ask))
            if isinstance(said, Granted):
                self._misfits.granted(ask.limits)
                self._tell(said.crossed)
                if said.wait_s > SLOT_AGAIN_S:
                    self.shortage.waited()
                return said
            self.shortage.waited()
            if not said.key.startswith("slots@") or self.clock() >= give_up_at:
                await self._turned_away(said)
                raise NotAdmitted(said)
            await self.sleep(SLOT_AGAIN_S)

    async def _turned_away(self, said: Denied) -> None:
        """No gate looks at agents' budgets: the first job that finds one used up tells of it."""
        self._misfits.denied(said)
        if is_agents(said.key):
            await self._exhausted(said.key)

    async def _exhausted(self, key: str) -> None:
        if await self.books.exhausted(key):
            self._tell({key: len(WARN_AT)})

    async def _settle(self, call: Admitted) -> None:
        try:
            if call.limits:
                news = await persist(
                    lambda: self.books.settle(call.id, call.kind, call.limits, call.used), patience_s=SETTLE_WITHIN_S
                )
                self._tell(news)
            await self._learn(call)
        except PASSING as failed:
            # It counts as estimated, which is what a worker that dies leaves behind too.
            log.warning("limits.unsettled", provider=self.provider.name, error=str(failed))

    async def _learn(self, call: Admitted) -> None:
        scope = told_scope(self.provider, call.model)
        if self.provider.self_hosted:
            return
        told = limits_in_headers(call.headers, type_=self.provider.type)
        if call.failure is not None:
            told |= limits_in_words(call.failure.message)
        await self.lore.note(scope, told)
        if call.failure is not None and call.failure.fault in (Fault.RATE_LIMITED, Fault.QUOTA_EXHAUSTED):
            await self._refused(call, scope, call.failure, named=bool(limits_in_words(call.failure.message)))

    async def _refused(self, call: Admitted, scope: str, failure: Failure, *, named: bool) -> None:
        """Nobody asks for as long as the provider says."""
        wait_s = refusal_s(failure, self.provider, call.model, now=self.books.now)
        log.warning("target.refused", target=f"{self.provider.name}/{call.model}", fault=failure.fault, wait_s=wait_s)
        await self.books.pause(pauses_of(self.provider, call.model)[-1] if failure.of_model else scope, wait_s)
        if failure.fault is Fault.RATE_LIMITED and not named and not failure.of_model:
            kept = (limit for limit in call.limits if isinstance(limit, Pace))
            await self.lore.beware(scope, (((limit.unit, Period.MINUTE), limit.amount) for limit in kept))
        await self.refresh()
        self.changed()

    def _tell(self, crossed: Mapping[str, int]) -> None:
        for key, marks in crossed.items():
            facts = {"quota": key, "provider": self.provider.name}
            if marks == 0:
                log.info("quota.renewed", **facts)
            elif WARN_AT[marks - 1] >= 1:
                log.error("quota.exhausted", **facts)
            else:
                log.warning("quota.nearing", share=WARN_AT[marks - 1], **facts)

    async def ask_again(self) -> None:
        """Forget that the provider wanted to be left alone, and that it refused calls within its limits."""
        models = {*self.waits, *self.provider.named_models()}
        await self.books.resume({key for model in models for key in pauses_of(self.provider, model)})
        await self.lore.trust({told_scope(self.provider, model) for model in models})

    async def refresh(self) -> None:
        """How the limits stand, for the gate: those of the models that were asked for."""
        models = list(self.waits)
        if not self.provider.self_hosted:
            await self.lore.read(sorted({told_scope(self.provider, model) for model in models}))
        targets = [(self.limits(model), pauses_of(self.provider, model)) for model in models]
        limited = [model for model, (limits, _) in zip(models, targets, strict=True) if limits]
        if not limited:
            return
        least = self._misfits.least()
        found = await self.books.peek([target for target in targets if target[0]], least)
        for key in {wait.key for wait in found if wait.key in least} - {wait.key for wait in self.waits.values()}:
            await self._exhausted(key)
        self.waits.update(zip(limited, found, strict=True))
        self.shortage.looked(room=all(wait.wait_s == 0 for wait in self.waits.values()))

    def why_not(self, model: str) -> str | None:
        """Why calls of a model would wait for longer than about a second, None if they would not."""
        wait = self._note(model)
        if wait.wait_s <= PATIENCE_S:
            return None
        return used_up(wait.key, wait.wait_s)

    def _note(self, model: str) -> Wait:
        """Look at its limits from now on. Jobs may name any number of models: the oldest are forgotten."""
        while len(self.waits) >= _MODELS and model not in self.waits:
            del self.waits[next(iter(self.waits))]
        return self.waits.setdefault(model, Wait(0.0))

    def out(self) -> frozenset[str]:
        """Models that will take no calls for long."""
        return frozenset(model for model, wait in self.waits.items() if wait.wait_s > OUT_S)

    async def keep(self) -> None:
        """Renew what the calls that are made have reserved, and share what they taught, until cancelled."""
        while True:
            await self.sleep(RENEW_EVERY_S)
            try:
                await self.renew()
                await self.estimates.share(self.gauge)
            except PASSING as failed:
                log.warning("limits.not_renewed", provider=self.provider.name, error=str(failed))

    async def renew(self) -> None:
        """Keep what the calls that are made have reserved, and let go of what dead workers have, whosever they were."""
        calls = [(call.id, call.slots) for call in self._held.values() if call.limits]
        if calls:
            await self.books.renew(calls, lease_s=LEASE_S)
        if lapsed := await self.books.lapse():
            log.warning("limits.lapsed", provider=self.provider.name, calls=lapsed)
