"""Whether one endpoint takes calls now, from what its calls and probes showed."""

from dataclasses import dataclass
from http import HTTPStatus

from ...routing.action import RULES
from ...routing.breaker import BreakerState
from ...routing.failure import Failure, Fault
from .circuit import Circuit

#: What shows that a server cannot be reached, whichever model is asked. All else that breaks is one model's failure,
#: unless the server has few models and is our own.
UNREACHABLE = frozenset({Fault.TRANSPORT, Fault.TIMEOUT_CONNECT})


class Unavailable(Exception):
    """No endpoint takes calls now; the message says why."""


@dataclass(slots=True)
class Availability:
    """The circuit of an endpoint, and reasons beside it. Times are of any steady clock, in seconds.

    whole: every failure that breaks counts here; else those that are of one model do not. rejected: the words with
    which the provider refused our credentials; only other ones help, or a reset. rejected_elsewhere: the same, to
    another node with the same credentials. proved: the last call that told of them went well. unreached: why the
    endpoint does not answer. reached: it has, since the pool started. well_in: when the breaker opened during which a
    health check went well, so that one call may be tried.
    """

    circuit: Circuit
    whole: bool = True
    rejected: str | None = None
    rejected_elsewhere: str | None = None
    proved: bool = False
    unreached: str | None = "it has not been asked yet"
    reached: bool = False
    well_in: float | None = None

    def why_not(self, *, now: float) -> str | None:
        """Why it takes no calls, None if it does."""
        if (words := self.refusal) is not None:
            return f"its credentials are rejected: {words}"
        if self.unreached is not None:
            return f"it does not answer: {self.unreached}"
        if (out := self.circuit.why_not(now=now)) is not None:
            return out
        return None if self.well or not self._half_open(now) else "its breaker is open"

    @property
    def refusal(self) -> str | None:
        return self.rejected or self.rejected_elsewhere

    @property
    def well(self) -> bool:
        return self.well_in is not None and self.well_in == self.circuit.breaker.opened_at

    def resting(self, *, now: float) -> bool:
        """Whether it takes no calls, but only until its breaker closes, or until it answers again."""
        if self.refusal is not None:
            return False
        return self.reached if self.unreached is not None else self.circuit.state(now=now) is not BreakerState.CLOSED

    def _half_open(self, now: float) -> bool:
        return self.circuit.state(now=now) is BreakerState.HALF_OPEN

    def wants_probe(self, *, now: float) -> bool:
        """Whether a health check may tell that it is back."""
        if self.refusal is not None:
            return False
        return self.unreached is not None or (self.circuit.has_probe(now=now) and not self.well)

    def probed(self, problem: str | None, *, now: float) -> None:
        """A health check that was wanted has ended: with a problem, or well."""
        if problem is None:
            self.unreached, self.reached = None, True
            self.well_in = self.circuit.breaker.opened_at
        elif self.unreached is not None:
            self.unreached = problem
        else:
            self.circuit.failed(began=now, now=now)

    def lost(self, problem: str) -> None:
        """A health check right after a failed call has shown that it is gone; it is back as soon as one goes well."""
        self.unreached = problem

    def refused(self, words: str, *, now: float) -> None:
        """A health check that was wanted is refused for its credentials.

        Some keys may be used for calls and for nothing else: those that a call went well with are good ones.
        """
        if self.proved:
            self.probed(None, now=now)
        else:
            self.rejected = words

    def renewed(self) -> None:
        """Calls from now on have other credentials."""
        self.rejected = self.rejected_elsewhere = None
        self.proved = False

    def asked(self, *, now: float) -> None:
        """A call begins."""
        self.circuit.asked(now=now)

    def succeeded(self, *, began: float, now: float) -> None:
        self.proved = True
        self.circuit.succeeded(began=began, now=now)

    def failed(self, failure: Failure, *, began: float, now: float) -> None:
        if failure.fault is Fault.AUTH and not self.forbids(failure):
            self.rejected, self.proved = failure.message, False
        if RULES[failure.fault].breaks and (self.whole or failure.fault in UNREACHABLE):
            self.circuit.failed(began=began, now=now)
        else:
            self.circuit.answered(began=began, now=now)

    def forbids(self, failure: Failure) -> bool:
        """Whether good credentials may not use what was asked: calls of something else went well with them."""
        return self.proved and failure.fault is Fault.AUTH and failure.status == HTTPStatus.FORBIDDEN

    def stopped(self, *, began: float) -> None:
        """A call was cancelled, and says nothing."""
        self.circuit.stopped(began=began)
