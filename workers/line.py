"""One endpoint of a provider as a pool uses it: what its calls do to its breaker, and to that of the model asked."""

import hashlib
import math
from dataclasses import dataclass, field

from ..routing.action import RULES
from ..routing.failure import Failure
from ..tasks.fleet_state import EndpointReport
from .availability import UNREACHABLE, Availability
from .circuit import Circuit
from .providers.endpoint import Endpoint


@dataclass(slots=True)
class Line:
    """busy: calls under way. credentials: what stands for its address and credentials; nobody can read them from it.

    checked_s: how long the last health check took, at `checked_at`. ailing: it showed a problem.
    """

    endpoint: Endpoint
    availability: Availability
    busy: int = 0
    checked_s: float | None = None
    checked_at: float = -math.inf
    ailing: bool = False
    credentials: str = field(init=False)

    def __post_init__(self) -> None:
        key = self.endpoint.api_key.get_secret_value() if self.endpoint.api_key else ""
        said = repr((self.endpoint.base_url, key, sorted(self.endpoint.headers.items())))
        self.credentials = hashlib.sha256(said.encode()).hexdigest()[:16]

    def report(self, *, now: float) -> EndpointReport:
        return EndpointReport(
            url=self.endpoint.base_url,
            breaker=str(self.availability.circuit.name),
            unavailable=self.availability.why_not(now=now),
            busy=self.busy,
            checked_s=None if self.checked_s is None else round(self.checked_s, 4),
        )

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
