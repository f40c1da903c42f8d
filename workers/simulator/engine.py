"""The life of a request: read, struck by faults, let in, answered, counted.

Time, waiting and randomness come in as arguments; what is said in which words is the dialects' business.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from dataclasses import replace
from random import Random

from aiohttp import web

from . import incoming
from .ask import Operation
from .dialects.dialect import House
from .exchange import Exchange
from .faults.board import Board, Strike
from .faults.fault import Sever, Severance
from .generation import Generator
from .incoming import Incoming
from .player import Player, Sleep, never, reset
from .problem import Kind, Problem
from .rendering import informed
from .script import Script
from .settings import Settings
from .stats import CLIENT_GONE, Stats, Visit

#: Answered without a key: whether the server lives.
_OPEN = frozenset({Operation.HEALTH, Operation.VERSION, Operation.METRICS})

#: Where clients put the key.
_KEY_HEADERS = ("Authorization", "x-api-key", "x-goog-api-key", "api-key")

#: Where clients put their own id of a request.
_ID_HEADERS = ("x-workfleet-job", "x-request-id", "x-client-request-id")


class Engine:
    """clock: seconds that never run backwards. wall: seconds since the epoch."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.stats = Stats()
        self.board = Board(clock, Random(settings.seed))  # noqa: S311 - repeatable on purpose
        self._clock, self._epoch_s = clock, wall() - clock()
        self._player = Player(clock, sleep)
        self._generator = Generator(settings, self._player, clock, self._epoch_s)
        self._number = 0
        self._visits: set[Visit] = set()

    def configure(self, settings: Settings) -> None:
        """Change the settings while requests run."""
        self.settings = settings
        self._generator.configure(settings)

    def reset(self) -> None:
        """Statistics, limits, loaded models and random numbers begin anew; settings and faults stay."""
        self.stats.reset()
        self._generator.reset()

    def sever(self) -> None:
        """What is in flight ends without an answer, and not because its client went away."""
        for visit in self._visits:
            visit.severed = True

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        visit = Visit(request.path, next(filter(None, map(request.headers.get, _ID_HEADERS)), None))
        self.stats.opened(visit)
        self._visits.add(visit)
        try:
            return await self._serve(request, visit)
        except (asyncio.CancelledError, ConnectionError):
            if not visit.severed:
                visit.status = CLIENT_GONE
                self.stats.aborted += 1
            raise
        finally:
            self._visits.discard(visit)
            self.stats.closed(visit)

    async def _serve(self, request: web.BaseRequest, visit: Visit) -> web.StreamResponse:
        got = await self._read(request)
        visit.model = got.model
        strikes = self.board.strikes(got.provider, got.dialect.name, got.operation, got.ask) if got.operation else ()
        await self._sever(request, visit, strikes)
        exchange = self._exchange(got)
        got = self._with_key(request, got)
        if got.problem is None and got.ask:
            return await self._generator.run(request, visit, got, exchange, strikes)
        script = informed(got, exchange, self._house(), strikes)
        visit.status = script.status
        response = await self._player.play(request, script)
        self._shelve(script)
        return response

    async def _read(self, request: web.BaseRequest) -> Incoming:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            problem = Problem(Kind.TOO_LARGE)
            return incoming.refused(problem, request.method, request.path_qs, self.settings, request.headers)
        return incoming.read(request.method, request.path_qs, body, self.settings, request.headers)

    async def _sever(self, request: web.BaseRequest, visit: Visit, strikes: tuple[Strike, ...]) -> None:
        for strike in strikes:
            match strike.fault.effect:
                case Sever(how=Severance.RESET):
                    visit.severed = True
                    reset(request.transport)
                    await never()
                case Sever(how=Severance.HANG):
                    await never()
                case _:
                    pass

    def _exchange(self, got: Incoming) -> Exchange:
        self._number += 1
        return Exchange(
            number=self._number,
            at=self._epoch_s + self._clock(),
            settings=self.settings,
            operation=got.operation,
            path=got.path,
            asked_flavour=got.flavour,
        )

    def _with_key(self, request: web.BaseRequest, got: Incoming) -> Incoming:
        """A request without the key that is needed is a problem, whatever it asks."""
        key = self.settings.api_key
        if key is None or got.operation in _OPEN:
            return got
        given = next(filter(None, map(request.headers.get, _KEY_HEADERS)), "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), key.get_secret_value().encode()):
            return got
        return replace(got, problem=Problem(Kind.UNAUTHORIZED))

    def _house(self) -> House:
        stats, slots = self.stats, self._generator.slots
        return House(
            loaded=self._generator.residents.present(),
            running=slots.running,
            waiting=slots.waiting,
            prompt_tokens=stats.prompt_tokens,
            generation_tokens=stats.completion_tokens,
            answered=stats.complete,
        )

    def _shelve(self, script: Script) -> None:
        """A model that has been fetched is listed, one that has been deleted is not."""
        models = [model for model in self.settings.models if model not in (script.adds, script.removes)]
        if script.adds or script.removes:
            self.configure(self.settings.changed({"models": (*models, *filter(None, [script.adds]))}))
