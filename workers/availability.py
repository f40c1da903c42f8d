"""Whether one endpoint takes calls now, from what its calls and probes showed."""

from dataclasses import dataclass, field

from ..routing.action import RULES
from ..routing.breaker import Breaker, BreakerPolicy, BreakerState
from ..routing.failure import Failure, Fault

#: A server of our own comes back within seconds of a restart; a hosted one is left alone for longer.
SELF_HOSTED = BreakerPolicy(cool_off_s=2.0, max_cool_off_s=30.0)
HOSTED = BreakerPolicy()


@dataclass(slots=True)
class Availability:
    """The breaker of an endpoint, and reasons beside it. Times are of any steady clock, in seconds.

    rejected: the words with which the provider refused our credentials; only a restart with others helps.
    unreached: why the endpoint has not answered since the pool started.
    """

    policy: BreakerPolicy
    breaker: Breaker = field(default_factory=Breaker)
    rejected: str | None = None
    unreached: str | None = "it has not been asked yet"

    def succeeded(self, *, now: float) -> None:
        self.breaker = self.breaker.succeeded(self.policy, now=now)
        self.unreached = None

    def failed(self, failure: Failure, *, now: float) -> None:
        if failure.fault is Fault.AUTH:
            self.rejected = failure.message
        if RULES[failure.fault].breaks:
            self.breaker = self.breaker.failed(self.policy, now=now)

    def why_not(self, *, now: float) -> str | None:
        """Why it takes no calls, None if it does."""
        if self.rejected is not None:
            return f"its credentials are rejected: {self.rejected}"
        if self.unreached is not None:
            return f"it does not answer: {self.unreached}"
        state = self.breaker.state(self.policy, now=now)
        if state is BreakerState.CLOSED:
            return None
        return f"its breaker is {state}"

    def wants_probe(self, *, now: float) -> bool:
        """Whether a probe may tell that it is back."""
        if self.rejected is not None:
            return False
        return self.unreached is not None or self.breaker.state(self.policy, now=now) is BreakerState.HALF_OPEN
