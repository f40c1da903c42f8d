"""One endpoint of a provider as a pool uses it: what its calls do to its breaker, and to that of the model asked."""

from dataclasses import dataclass

from ..routing.action import RULES
from ..routing.failure import Failure
from .availability import UNREACHABLE, Availability
from .circuit import Circuit
from .providers.endpoint import Endpoint


@dataclass(slots=True)
class Line:
    """busy: calls under way."""

    endpoint: Endpoint
    availability: Availability
    busy: int = 0

    def call(self, target: Circuit | None, *, now: float) -> "Call":
        """A call begins. target: the circuit of the model asked, if it has one of its own."""
        self.availability.asked(now=now)
        if target is not None:
            target.asked(now=now)
        return Call(self, target, now)


@dataclass(frozen=True, slots=True)
class Call:
    """One call under way; exactly one of the methods tells how it ended. Times are steady seconds."""

    line: Line
    target: Circuit | None
    began: float

    def succeeded(self, *, now: float) -> None:
        self.line.availability.succeeded(began=self.began, now=now)
        if self.target is not None:
            self.target.succeeded(began=self.began, now=now)

    def failed(self, failure: Failure, *, now: float) -> None:
        self.line.availability.failed(failure, began=self.began, now=now)
        if self.target is None:
            return
        if failure.fault in UNREACHABLE:
            self.target.stopped(began=self.began)
        elif RULES[failure.fault].breaks:
            self.target.failed(began=self.began, now=now)
        else:
            self.target.answered(began=self.began, now=now)

    def stopped(self) -> None:
        """It was cancelled, and says nothing."""
        self.line.availability.stopped(began=self.began)
        if self.target is not None:
            self.target.stopped(began=self.began)
