"""When a target that keeps failing is left alone, and when it is asked again.

A failure opens a breaker if it is the last of `failures` in a row within `window_s`, or if at least `share` of at least
`least_calls` calls in the window have failed. After `cool_off_s` one probe may pass: its success closes the breaker, or
as many in a row as `successes` says; its failure doubles the cool-off, up to `max_cool_off_s`. Pure values: an outcome
gives a new breaker.

A breaker of the whole fleet lends its one probe to one node at a time, for a while: a prober that dies frees it. The
fleet's own are in Redis (tasks/scripts/breakers.lua), and this is their model.

In a row: a busy target that fails one call in a hundred has five failures in any minute, and is well.

By node: a host whose network is broken fails every call, and fast. While all failures are one node's and calls of
another one succeed, the target is well, and only that node leaves it alone.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

#: When a call ended, whether it succeeded, and whose it was.
Outcome = tuple[float, bool, str]

#: More outcomes than this are never kept; older ones have left the window or decide nothing.
KEPT = 64


class BreakerState(StrEnum):
    CLOSED = "closed"  #: calls pass
    OPEN = "open"  #: no call passes until the cool-off is over
    HALF_OPEN = "half_open"  #: the cool-off is over; one probe may pass


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """cool_off_s: seconds an open breaker waits before a probe may pass. window_s: seconds that outcomes count.

    successes: of probes, one after another, that close it.
    """

    failures: int = 5
    window_s: float = 60.0
    least_calls: int = 10
    share: float = 0.5
    cool_off_s: float = 30.0
    max_cool_off_s: float = 300.0
    successes: int = 1


@dataclass(frozen=True, slots=True)
class Breaker:
    """outcomes: oldest first. opened_at: None while closed. trips: how often it opened in a row. successes: of probes
    since it opened.

    prober: who has the probe, until `lent_until`. began, now: when a call began and ended, on one steady clock, in
    seconds.
    """

    outcomes: tuple[Outcome, ...] = ()
    opened_at: float | None = None
    trips: int = 0
    successes: int = 0
    prober: str | None = None
    lent_until: float = 0.0

    def state(self, policy: BreakerPolicy, *, now: float) -> BreakerState:
        if self.opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.probe_at(policy) else BreakerState.HALF_OPEN

    def probe_at(self, policy: BreakerPolicy) -> float:
        """When the next probe may pass, on the clock of the outcomes."""
        assert self.opened_at is not None
        return self.opened_at + min(policy.max_cool_off_s, policy.cool_off_s * 2.0 ** min(self.trips - 1, 16))

    def is_probe(self, policy: BreakerPolicy, *, began: float) -> bool:
        """Whether a call tells if it may close. Those that were under way when it opened say nothing new."""
        return self.opened_at is not None and began >= self.probe_at(policy)

    def lent(self, policy: BreakerPolicy, to: str, *, now: float, lease_s: float) -> "Breaker":
        """With the probe lent to a node for `lease_s` from now, if it is due and nobody else has it."""
        if self.opened_at is None or now < self.probe_at(policy):
            return self
        if self.prober not in (None, to) and now < self.lent_until:
            return self
        return replace(self, prober=to, lent_until=now + lease_s)

    def succeeded(
        self, policy: BreakerPolicy, *, began: float, now: float, calls: int = 1, node: str = ""
    ) -> "Breaker":
        """calls: how many did, of which the last one began at `began`."""
        if self.opened_at is not None:
            return self._tried_well(policy) if self.is_probe(policy, began=began) else self
        return replace(self, outcomes=self._seen(policy, (now, True, node), calls))

    def failed(self, policy: BreakerPolicy, *, began: float, now: float, node: str = "") -> "Breaker":
        if self.opened_at is not None:
            probe = self.is_probe(policy, began=began)
            return Breaker(opened_at=now, trips=self.trips + 1) if probe else self
        outcomes = self._seen(policy, (now, False, node))
        if _trips(outcomes, policy):
            return Breaker(outcomes=(), opened_at=now, trips=1)
        return replace(self, outcomes=outcomes)

    def _tried_well(self, policy: BreakerPolicy) -> "Breaker":
        found = self.successes + 1
        return Breaker() if found >= policy.successes else replace(self, successes=found)

    def _seen(self, policy: BreakerPolicy, outcome: Outcome, calls: int = 1) -> tuple[Outcome, ...]:
        recent, since = self.outcomes, outcome[0] - policy.window_s
        if recent and recent[0][0] <= since:
            recent = tuple(each for each in recent if each[0] > since)
        return (*recent, *(outcome,) * min(calls, KEPT))[-KEPT:]


def _trips(outcomes: tuple[Outcome, ...], policy: BreakerPolicy) -> bool:
    bad = sum(not ok for _, ok, _ in outcomes)
    calls = len(outcomes)
    in_a_row = calls >= policy.failures and not any(ok for _, ok, _ in outcomes[-policy.failures :])
    enough = in_a_row or (calls >= policy.least_calls and bad >= policy.share * calls)
    return enough and not _fails_one_node_alone(outcomes)


def _fails_one_node_alone(outcomes: tuple[Outcome, ...]) -> bool:
    """Whether all failures are one node's, and calls of another one have succeeded since the first of them."""
    first = next(at for at, (_, ok, _) in enumerate(outcomes) if not ok)
    failing = {node for _, ok, node in outcomes if not ok}
    return len(failing) == 1 and any(ok and node not in failing for _, ok, node in outcomes[first:])
