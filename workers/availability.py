"""Whether one endpoint takes calls now, from what its calls and probes showed."""

from dataclasses import dataclass, field

from ..routing.action import RULES
from ..routing.breaker import Breaker, BreakerPolicy, BreakerState
from ..routing.failure import Failure, Fault

#: A server of our own comes back within seconds of a restart; a hosted one is left alone for longer. And it is given up
#: before a job that has nowhere else to go has used up its attempts.
SELF_HOSTED = BreakerPolicy(failures=3, cool_off_s=2.0, max_cool_off_s=30.0)
HOSTED = BreakerPolicy()


@dataclass(slots=True)
class Availability:
    """The breaker of an endpoint, and reasons beside it. Times are of any steady clock, in seconds.

    rejected: the words with which the provider refused our credentials; only a restart with others helps.
    unreached: why the endpoint has not answered since the pool started.
    well: a health check went well since the cool-off, so that one call may be tried. trying: it is under way.
    """

    policy: BreakerPolicy
    breaker: Breaker = field(default_factory=Breaker)
    rejected: str | None = None
    unreached: str | None = "it has not been asked yet"
    well: bool = False
    trying: bool = False

    def why_not(self, *, now: float) -> str | None:
        """Why it takes no calls, None if it does."""
        if self.rejected is not None:
            return f"its credentials are rejected: {self.rejected}"
        if self.unreached is not None:
            return f"it does not answer: {self.unreached}"
        if not self._resting(now):
            return None
        if self.trying:
            return "its breaker lets one call try"
        return None if self.well else "its breaker is open"

    def resting(self, *, now: float) -> bool:
        """Whether it takes no calls, but only until its breaker closes."""
        return self.rejected is None and self.unreached is None and self._resting(now)

    def _resting(self, now: float) -> bool:
        return self.breaker.state(self.policy, now=now) is not BreakerState.CLOSED

    def wants_probe(self, *, now: float) -> bool:
        """Whether a health check may tell that it is back."""
        if self.rejected is not None:
            return False
        half_open = self.breaker.state(self.policy, now=now) is BreakerState.HALF_OPEN
        return self.unreached is not None or (half_open and not self.well)

    def probed(self, problem: str | None, *, now: float) -> None:
        """A health check that was wanted has ended: with a problem, or well."""
        if problem is None:
            self.unreached = None
            self.well = self._resting(now)
        elif self.unreached is not None:
            self.unreached = problem
        else:
            self.breaker = self.breaker.failed(self.policy, began=now, now=now)

    def asked(self, *, now: float) -> None:
        """A call begins."""
        self.trying = self._resting(now)

    def succeeded(self, *, began: float, now: float) -> None:
        self._settle(self.breaker.succeeded(self.policy, began=began, now=now))

    def failed(self, failure: Failure, *, began: float, now: float) -> None:
        if failure.fault is Fault.AUTH:
            self.rejected = failure.message
        if RULES[failure.fault].breaks:
            self._settle(self.breaker.failed(self.policy, began=began, now=now))
        elif self.breaker.is_probe(self.policy, began=began):
            # A refusal is an answer: the server is well.
            self.succeeded(began=began, now=now)

    def stopped(self, *, began: float) -> None:
        """A call was cancelled, and says nothing."""
        if self.breaker.is_probe(self.policy, began=began):
            self.trying = False

    def _settle(self, after: Breaker) -> None:
        if after.opened_at != self.breaker.opened_at:
            self.well = self.trying = False
        self.breaker = after
