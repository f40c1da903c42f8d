"""The four time limits of a call, exact on the event loop, with one timer that moves as the call goes on."""

import asyncio
from types import TracebackType
from typing import Self

from ...routing.failure import Failure, Fault
from .endpoint import AttemptFailed, Timeouts


class Deadlines:
    """Enter it when the call begins; leaving it raises AttemptFailed if a limit cut the call short.

    Before `connected`, connect, first token and total count; until `answering`, first token and total; from then on
    idle time, started afresh by each `answering`, and total. While `held`, only the total counts: the caller is busy.
    When it is `over`, the answer is there, and no limit counts.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._answering = False
        self._fault = Fault.TIMEOUT_TOTAL
        self._ends_at: float | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._timer = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        await self._timer.__aenter__()
        limits = self._timeouts
        self._set(limits.connect_s, Fault.TIMEOUT_CONNECT, limits.first_token_s, Fault.TIMEOUT_FIRST_TOKEN)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends_at = None
        if self._alarm is not None:
            self._alarm.cancel()
        try:
            await self._timer.__aexit__(kind, error, trace)
        except TimeoutError:
            raise AttemptFailed(self._failure()) from None

    def connected(self) -> None:
        """The connection stands, and the first token is waited for, if it has not come."""
        if not self._answering:
            self._set(self._timeouts.first_token_s, Fault.TIMEOUT_FIRST_TOKEN)

    def answering(self) -> None:
        """A token has come, or a piece of an answer that does not stream."""
        self._answering = True
        self._set(self._loop.time() - self._start + self._timeouts.idle_s, Fault.TIMEOUT_IDLE)

    def held(self) -> None:
        """What has come is being handed on; that is not the provider's time."""
        self._set(self._timeouts.total_s, Fault.TIMEOUT_TOTAL)

    def over(self) -> None:
        """The answer is complete."""
        self._ends_at = None
        if not self._timer.expired():
            self._timer.reschedule(None)

    def _set(
        self, after_s: float, fault: Fault, other_s: float = float("inf"), other: Fault = Fault.TIMEOUT_TOTAL
    ) -> None:
        """The earliest of the limits, in seconds from the start of the call, decides."""
        if self._timer.when() is not None:
            return  # a limit was reached; what has come since came too late
        limits = ((after_s, fault), (other_s, other), (self._timeouts.total_s, Fault.TIMEOUT_TOTAL))
        earliest_s, self._fault = min(limits, key=lambda limit: limit[0])
        self._ends_at = self._start + earliest_s
        if self._alarm is None or self._alarm.when() > self._ends_at:
            self._ring_at(self._ends_at)

    def _ring_at(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        """Limits mostly move away, at each piece of an answer: it costs less to look when the alarm goes off."""
        self._alarm = None
        if self._ends_at is None:
            return
        if self._ends_at <= self._loop.time():
            self._timer.reschedule(self._ends_at)
        else:
            self._ring_at(self._ends_at)

    def _failure(self) -> Failure:
        limits = self._timeouts
        words = {
            Fault.TIMEOUT_CONNECT: f"no connection within {limits.connect_s:g} s",
            Fault.TIMEOUT_FIRST_TOKEN: f"no first token within {limits.first_token_s:g} s",
            Fault.TIMEOUT_IDLE: f"nothing came for {limits.idle_s:g} s in the middle of the answer",
            Fault.TIMEOUT_TOTAL: f"no complete answer within {limits.total_s:g} s",
        }
        return Failure(self._fault, words[self._fault])
