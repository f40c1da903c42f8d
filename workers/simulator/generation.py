"""A request that uses a model: composed, admitted by the limits, queued for a slot, played."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from aiohttp import web

from .answer import Answer
from .ask import Ask
from .content.compose import compose
from .distribution import distribution
from .exchange import Exchange
from .faults.board import Strike
from .incoming import Incoming
from .limits import Limiter
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
        self._limiters: dict[tuple[str, str], Limiter] = {}
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
        self, request: web.BaseRequest, visit: Visit, got: Incoming, exchange: Exchange, strikes: tuple[Strike, ...]
    ) -> web.StreamResponse:
        ask = got.ask
        assert ask
        answer = altered(compose(ask, self._settings), strikes)
        limiter, now = self._limiter(got.provider, ask.model), self._epoch_s + self._clock()
        overrun = limiter.admit(self._charge(ask, answer), now) if limiter else None
        visit.refused = overrun is not None
        exchange = replace(exchange, readings=limiter.readings(now)) if limiter else exchange
        problem = Problem(Kind.RATE, overrun=overrun) if overrun else responded(ask, strikes)
        if problem is None and not await self.slots.acquire():
            problem = Problem(Kind.OVERLOADED)
        if problem:
            return await self._play(request, visit, worded(got.dialect, problem, ask.model, exchange))
        try:
            timing = slowed(self._timing(ask), strikes)
            exchange = replace(exchange, queue_s=self._epoch_s + self._clock() - now)
            script = rendered(got.dialect, ask, answer, timing, exchange, strikes)
            visit.prompt_tokens, visit.completion_tokens = answer.prompt_tokens, answer.completion_tokens
            response = await self._play(request, visit, script)
            visit.complete = script.complete
            return response
        finally:
            self.slots.release()

    async def _play(self, request: web.BaseRequest, visit: Visit, script: Script) -> web.StreamResponse:
        visit.status = script.status
        visit.severed = script.ending is Ending.CUT
        return await self._player.play(request, script)

    def _charge(self, ask: Ask, answer: Answer) -> int:
        """Tokens that the request counts against the limits."""
        if self._settings.charge == "requested" and ask.max_tokens is not None:
            return ask.prompt_tokens + ask.max_tokens
        return answer.total_tokens

    def _limiter(self, provider: str, model: str) -> Limiter | None:
        """The limits of the model, or of the whole account; each provider has its own."""
        settings = self._settings
        if not settings.limits:
            return None
        whose = (provider, model if settings.limit_per == "model" else "")
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
