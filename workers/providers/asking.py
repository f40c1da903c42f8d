"""Asking a model: one call, streamed or whole, and again, corrected, if the provider refuses a parameter by name."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from ...routing.failure import Failure
from ...tasks.answer import Answer
from .corrections import Correction, corrected, correction_for
from .deadlines import Deadlines
from .dialect import Ask, Call, Delta, Dialect, Reply, StreamDecoder
from .dialects import dialect_of
from .endpoint import AttemptFailed, Endpoint, Timeouts
from .halves import Halves, mended
from .meter import Meter
from .sending import Sending
from .wire import Opened, Wire

OnDelta = Callable[[Delta], Awaitable[None]]
#: Told the headers of each reply, names in lower case.
OnHeaders = Callable[[Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Watch:
    """Who hears of a call while it is made. on_delta: of the pieces of a stream. meter: what they come to."""

    on_delta: OnDelta | None = None
    on_headers: OnHeaders = lambda _: None
    meter: Meter = field(default_factory=Meter)


class Asking:
    """Remembers what providers refuse, so that each is asked wrongly once only, and which context windows they got.

    timer: seconds, from whenever.
    """

    def __init__(self, wire: Wire, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._timer = timer
        self._corrections: dict[tuple[str, str], tuple[Correction, ...]] = {}
        self._windows: dict[tuple[str, str], int] = {}

    async def ask(
        self,
        endpoint: Endpoint,
        ask: Ask,
        timeouts: Timeouts,
        watch: Watch,
        job_id: str | None,
    ) -> Answer:
        """The answer; raises AttemptFailed. The total limit counts over the corrections too.

        No correction is made twice, so they come to an end.
        """
        server = (endpoint.base_url, ask.model)
        ask = replace(ask, window=self._windows.get(server, 0))
        call = dialect_of(ask.row.dialect).encode(ask)
        if isinstance(call, Failure):
            raise AttemptFailed(call)
        self._windows[server] = max(ask.window, call.window)
        call = replace(call, headers={**call.headers, **({ask.row.job_header: job_id} if job_id else {})})
        began, left_s = self._timer(), timeouts.total_s
        while True:
            made = self._corrections.get((ask.provider, ask.model), ())
            sent = replace(call, body=corrected(call.body or {}, made))
            outcome = mended(await self._once(endpoint, ask, sent, replace(timeouts, total_s=left_s), watch))
            took_s = self._timer() - began
            if isinstance(outcome, Answer):
                return outcome.model_copy(update={"total_s": took_s})
            left_s = timeouts.total_s - took_s
            correction = correction_for(outcome, sent.body or {})
            if correction is None or correction in made or left_s <= 0:
                raise AttemptFailed(outcome)
            self._learn(ask, correction)

    def _learn(self, ask: Ask, correction: Correction) -> None:
        """Many calls may be under way when the first refusal comes, and all of them learn the same."""
        known = self._corrections.get((ask.provider, ask.model), ())
        if correction not in known:
            self._corrections[ask.provider, ask.model] = (*known, correction)

    async def _once(
        self,
        endpoint: Endpoint,
        ask: Ask,
        call: Call,
        timeouts: Timeouts,
        watch: Watch,
    ) -> Answer | Failure:
        dialect, sending = dialect_of(ask.row.dialect), Sending()
        watch.meter.sending = sending
        if not ask.stream:
            reply = await self._wire.fetch(endpoint, call, timeouts, sending)
            watch.on_headers(reply.headers)
            return _read(dialect, ask, reply, watch.meter)
        began = self._timer()
        async with self._wire.opened(endpoint, call, timeouts, sending) as opened:
            watch.on_headers(opened.head.headers)
            if opened.head.status == 200 and not _is_whole(opened.head):
                return await self._follow(began, dialect.decoder(ask, opened.head), opened, watch)
            outcome = _read(dialect, ask, await self._wire.read(opened), watch.meter)
            if isinstance(outcome, Failure):
                return outcome
            whole_s = self._timer() - began
            if watch.on_delta is not None:
                opened.limits.held()
                said = Delta(outcome.text, outcome.reasoning, outcome.tool_fragments, outcome.usage)
                await watch.on_delta(said)
            return outcome.model_copy(update={"first_token_s": whole_s})

    async def _follow(self, began: float, decoder: StreamDecoder, opened: Opened, watch: Watch) -> Answer | Failure:
        """Read a stream to its terminal marker, and hand on what it says on the way."""
        meter, halves = watch.meter, Halves()
        async for piece in opened.pieces:
            deltas = [halves.take(delta) for delta in decoder.feed(piece)]
            for delta in deltas:
                meter.take(delta)
            if meter.first_token_s is None and any(delta.is_token for delta in deltas):
                meter.first_token_s = self._timer() - began
            if watch.on_delta is not None:
                await _hand_on(deltas, watch.on_delta, opened.limits)
            if deltas and meter.first_token_s is not None:
                opened.limits.answering()
            if decoder.ended:
                break
        outcome = decoder.finish()
        if isinstance(outcome, Failure):
            return outcome
        await self._wire.drain(opened)
        return outcome.model_copy(update={"first_token_s": meter.first_token_s})


async def _hand_on(deltas: list[Delta], on_delta: OnDelta, limits: Deadlines) -> None:
    for delta in deltas:
        if delta.is_token or delta.usage is not None:
            limits.held()
            await on_delta(delta)
            limits.connected()


def _read(dialect: Dialect, ask: Ask, reply: Reply, meter: Meter) -> Answer | Failure:
    outcome = dialect.decode(ask, reply) if reply.status == 200 else dialect.failure(reply)
    meter.ended(outcome.usage if isinstance(outcome, Answer) else dialect.used(ask, reply))
    return outcome


def _is_whole(head: Reply) -> bool:
    """Some servers do not stream although they are asked to."""
    return head.headers.get("content-type", "").startswith("application/json")
