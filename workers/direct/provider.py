"""One provider behind one interface, whatever it speaks: for programs that ask it themselves, without a fleet."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

from ...routing.directory import ProviderFacts
from ...routing.failure import Failure
from ...tasks.answer import Answer, Usage
from ...tasks.errors import NoTarget, UnknownName
from ...tasks.request import Request
from ..attempts.lost_call import may_be_billed
from ..calibration.gauge import Gauge
from ..endpoints.gateway import steered
from ..endpoints.pricing import Pricing
from ..providers.asking import OnDelta
from ..providers.dialect import Delta, ListedModel
from ..providers.endpoint import AttemptFailed, Endpoint, Timeouts
from ..providers.inspection import Health
from ..providers.meter import Meter
from ..providers.sender import Sender
from ..registry.discovery import choosable
from ..settings.provider import ProviderSettings
from .called import Called, OnCall
from .cost import CostEstimate, Spent, estimated_cost
from .event import EventKind, StreamEvent, events_of

#: Costs nothing only where nothing does.
_SOME = Usage(input_tokens=1_000_000, output_tokens=1_000_000, source="estimate")


@dataclass(slots=True)
class Provider:
    """Use it while its sender is entered. Every call raises AttemptFailed, whose `failure` has the class.

    model: what is asked for; `initialize` finds one if the configuration names none. spent: by this object's calls.
    gauge: what they taught of its tokens. on_call: hears of each call that has ended.
    """

    settings: ProviderSettings
    sender: Sender
    model: str | None = None
    spent: Spent = field(default_factory=Spent)
    gauge: Gauge = field(default_factory=Gauge)
    on_call: OnCall = lambda _: None
    pricing: Pricing = field(init=False)
    _busy: dict[str, int] = field(init=False)
    _at_rest: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False

    def __post_init__(self) -> None:
        self.pricing = Pricing.of(self.settings)
        self.model = self.model or self.settings.default_choice()
        self._busy = {endpoint.base_url: 0 for endpoint in self.settings.endpoints()}
        self._at_rest.set()

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def metadata(self) -> ProviderFacts:
        """Its type, its tier and its models, without a credential."""
        return self.settings.facts()

    @property
    def capabilities(self) -> frozenset[str]:
        """What the model can do, as `Request.needs` calls it."""
        facts = self.metadata
        known = facts.facts_of(self.model) if self.model else None
        return facts.capabilities if known is None or known.capabilities is None else known.capabilities

    async def initialize(self) -> None:
        """Find a model if none is named: the first that the server lists."""
        if self.model is None:
            self.model = next(iter(choosable(self.settings, await self.models())), None)
        if self.model is None:
            raise NoTarget({self.name: "no model is configured, and the server lists none"})

    async def shutdown(self) -> None:
        """Take no more calls, and return when those under way have ended."""
        self._closed = True
        await self._at_rest.wait()

    def use(self, model: str) -> None:
        """Ask for another model from now on."""
        if not self.metadata.serves(model):
            raise UnknownName("model", model, self.settings.named_models())
        self.model = model

    async def complete(self, request: Request, *, model: str | None = None) -> Answer:
        """The whole answer. model: for this call alone."""
        return await self._asked(request.model_copy(update={"stream": False}), model)

    async def stream(self, request: Request, *, model: str | None = None) -> AsyncGenerator[StreamEvent]:
        """Ends with an event `done` or `error`; it raises nothing of the provider's. Leaving it early ends the call."""
        events: asyncio.Queue[StreamEvent | None] = asyncio.Queue()
        call = asyncio.create_task(self._streamed(request, model, events))
        try:
            while (event := await events.get()) is not None:
                yield event
            await call
        finally:
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> tuple[tuple[float, ...], ...]:
        """One vector a text."""
        request = Request(kind="embedding", input=tuple(texts), dimensions=dimensions)
        return (await self._asked(request)).embeddings

    async def count_tokens(self, request: Request) -> int | None:
        """As the provider counts them, None if it has no call for it."""
        return await self.sender.count_tokens(self._endpoint(), await self._model(), request)

    async def health(self, *, ping: bool = False) -> Health:
        """Whether it answers. ping: and whether the model generates a token, which may cost something."""
        timeout_s = self.settings.health_check.timeout_s
        return await self.sender.health(self._endpoint(), timeout_s, ping_model=await self._model() if ping else None)

    async def models(self) -> tuple[ListedModel, ...]:
        return await self.sender.models(self._endpoint(), self.settings.health_check.timeout_s)

    async def estimate_cost(self, request: Request, *, counted: bool = False) -> CostEstimate:
        """counted: ask the provider for the tokens, if it counts any, instead of estimating them by what its calls so
        far have counted.
        """
        model = await self._model()
        tokens = await self.count_tokens(request) if counted else None
        if tokens is None:
            tokens = self.gauge.estimate(f"{self.name}/{model}", request).tokens
        return estimated_cost(self.pricing, model, request, tokens)

    get_response = complete
    get_streamed_response = stream
    destroy = shutdown

    async def _streamed(self, request: Request, model: str | None, events: asyncio.Queue[StreamEvent | None]) -> None:
        async def take(delta: Delta) -> None:
            for event in events_of(delta):
                events.put_nowait(event)

        try:
            answer = await self._asked(request, model, take)
            events.put_nowait(StreamEvent(EventKind.DONE, answer=answer))
        except AttemptFailed as failed:
            events.put_nowait(StreamEvent(EventKind.ERROR, failure=failed.failure))
        finally:
            events.put_nowait(None)

    async def _asked(self, request: Request, model: str | None = None, on_delta: OnDelta | None = None) -> Answer:
        replaceable = model is None
        model, endpoint = model or await self._model(), self._endpoint()
        request = steered(request, self.settings, model, replaceable=replaceable)
        known = self.settings.model(model)
        context_tokens = known.context_tokens if known else None
        self._begins(endpoint)
        meter, began = Meter(), time.monotonic()
        try:
            answer = await self.sender.ask(
                endpoint,
                model,
                request,
                self._limits(on_delta),
                on_delta=on_delta,
                context_tokens=context_tokens,
                meter=meter,
            )
        except BaseException as broken:
            failure = broken.failure if isinstance(broken, AttemptFailed) else None
            self._broke_off(meter, request, model, failure)
            self.on_call(Called(self.name, model, time.monotonic() - began, failure=failure))
            raise
        finally:
            self._ended(endpoint)
        usage = self.pricing.of_answer(answer, model)
        if usage.source == "provider":
            self.gauge.learn(self.gauge.estimate(f"{self.name}/{model}", request), usage.input_tokens)
        self.spent = self.spent.with_call(usage)
        answer = answer.model_copy(update={"usage": usage})
        self.on_call(Called(self.name, model, time.monotonic() - began, answer))
        return answer

    def _begins(self, endpoint: Endpoint) -> None:
        if self._closed:
            raise NoTarget({self.name: "it was shut down"})
        self._busy[endpoint.base_url] += 1
        self._at_rest.clear()

    def _ended(self, endpoint: Endpoint) -> None:
        self._busy[endpoint.base_url] -= 1
        if not any(self._busy.values()):
            self._at_rest.set()

    def _broke_off(self, meter: Meter, request: Request, model: str, failure: Failure | None) -> None:
        """What has come by then has its price; where nothing has, nobody knows what is charged, if anything."""
        if (begun := meter.usage(request)) is not None:
            self.spent = self.spent.with_call(self.pricing.of_usage(begun, model))
        elif may_be_billed(meter.sending, failure) and self.pricing.of_usage(_SOME, model).cost_usd != 0:
            self.spent = self.spent.with_call(Usage())

    async def _model(self) -> str:
        if self.model is None:
            await self.initialize()
        assert self.model is not None
        return self.model

    def _endpoint(self) -> Endpoint:
        """The least busy one."""
        return min(self.settings.endpoints(), key=lambda endpoint: self._busy[endpoint.base_url])

    def _limits(self, on_delta: OnDelta | None) -> Timeouts:
        """An answer in one piece has no first token before it is whole."""
        limits = self.settings.timeouts
        return limits if on_delta is not None else replace(limits, first_token_s=math.inf, idle_s=math.inf)
