"""A request that uses a model: composed, admitted by the limits, queued for a slot, played."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from aiohttp import web

from .answer import Answer
from .ask import Ask
from .content.compose import compose
from .dialects.dialect import Dialect
from .distribution import distribution
from .exchange import Exchange
from .faults.board import Strike
from .limits import Limiter, Overrun
from .player import Player
from .problem import Kind, Problem
from .rendering import altered, rendered, responded, slowed, worded
from .residents import Residents
from .script import Ending, Script
from .settings import Settings
from .slots import Slots
from .stats import Visit
from .timing import Timing


class Generator:
    """clock: seconds that never run backwards; epoch_s: the time since the epoch when it was 0."""

    def __init__(self, settings: Settings, player: Player, clock: Callable[[], float], epoch_s: float) -> None:
        self._settings, self._player = settings, player
        self._clock, self._epoch_s = clock, epoch_s
        self.slots = Slots(settings.slots, settings.queue_limit)
        self.residents = Residents(clock)
        self._limiters: dict[str, Limiter] = {}
        self._rng = Random(settings.seed)  # noqa: S311 - repeatable on purpose

    def configure(self, settings: Settings) -> None:
        """Changed limits begin with nothing used."""
        before, self._settings = self._settings, settings
        self.slots.resize(settings.slots, settings.queue_limit)
        if (before.limits, before.window, before.limit_per) != (settings.limits, settings.window, settings.limit_per):
            self._limiters.clear()

    def reset(self) -> None:
        self._limiters.clear()
        self.residents = Residents(self._clock)
        self._rng.seed(self._settings.seed)

    async def run(
        self,
        request: web.BaseRequest,
        visit: Visit,
        dialect: Dialect,
        ask: Ask,
        exchange: Exchange,
        strikes: tuple[Strike, ...],
    ) -> web.StreamResponse:
        answer = altered(compose(ask, self._settings), strikes)
        limiter = self._limiter(ask.model)
        overrun = self._admit(limiter, ask, answer, visit)
        now = self._epoch_s + self._clock()
        if limiter:
            exchange = replace(exchange, readings=limiter.readings(now))
        problem = Problem(Kind.RATE, overrun=overrun) if overrun else responded(ask, strikes)
        if problem is None and not await self.slots.acquire():
            problem = Problem(Kind.OVERLOADED)
        if problem:
            return await self._play(request, visit, worded(dialect, problem, ask.model, exchange))
        try:
            timing = slowed(self._timing(ask), strikes)
            exchange = replace(exchange, queue_s=self._epoch_s + self._clock() - now)
            script = rendered(dialect, ask, answer, timing, exchange, strikes)
            visit.prompt_tokens, visit.completion_tokens = answer.prompt_tokens, answer.completion_tokens
            return await self._play(request, visit, script)
        finally:
            self.slots.release()

    async def _play(self, request: web.BaseRequest, visit: Visit, script: Script) -> web.StreamResponse:
        visit.status = script.status
        visit.severed = script.ending is Ending.CUT
        response = await self._player.play(request, script)
        visit.complete = script.status == 200
        return response

    def _admit(self, limiter: Limiter | None, ask: Ask, answer: Answer, visit: Visit) -> Overrun | None:
        if limiter is None:
            return None
        written = answer.completion_tokens if self._settings.charge == "actual" else ask.max_tokens
        tokens = ask.prompt_tokens + (answer.completion_tokens if written is None else written)
        overrun = limiter.admit(tokens, self._epoch_s + self._clock())
        visit.refused = overrun is not None
        return overrun

    def _limiter(self, model: str) -> Limiter | None:
        """The limits of the model, or of the whole account."""
        settings = self._settings
        if not settings.limits:
            return None
        whose = model if settings.limit_per == "model" else ""
        if whose not in self._limiters:
            self._limiters[whose] = Limiter(settings.limits, settings.window)
        return self._limiters[whose]

    def _timing(self, ask: Ask) -> Timing:
        settings, rng = self._settings, self._rng
        loads = self.residents.use(ask, settings.context_tokens)
        return Timing(
            load_s=settings.load_s if loads else 0.0,
            first_s=distribution(settings.latency_s).draw(rng) + distribution(settings.first_token_s).draw(rng),
            token_s=1 / settings.token_rate if settings.token_rate else 0.0,
        )
