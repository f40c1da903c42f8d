"""One breaker as this node sees it: at once what its own calls showed, a moment later what the whole fleet knows."""

from dataclasses import dataclass, field, replace

from ...routing.breaker import Breaker, BreakerPolicy, BreakerState
from ...tasks.breakers import BreakerName, Kind, Note, SharedBreaker

#: More that could not be told while Redis was away is not worth telling.
_MOST_NOTES = 64


@dataclass(frozen=True, slots=True)
class _Outcome:
    kind: Kind
    began: float
    calls: int = 1


@dataclass(slots=True)
class Circuit:
    """Times are of any steady clock, in seconds.

    shared: a fleet was heard, which lends its one probe; a node by itself has it always. lent: this node has it.
    alone: it is open here only, for the calls of others go well. trying: the one call that may tell whether it closes
    is under way.
    """

    name: BreakerName
    policy: BreakerPolicy
    breaker: Breaker = field(default_factory=Breaker)
    shared: bool = False
    lent: bool = False
    alone: bool = False
    trying: bool = False
    _mirrored: tuple[float, int] | None = None
    _untold: list[_Outcome] = field(default_factory=list[_Outcome])
    _telling: list[_Outcome] = field(default_factory=list[_Outcome])

    @property
    def idle(self) -> bool:
        """It is closed, and has nothing to tell."""
        return self.breaker.opened_at is None and not self._untold and not self._telling

    def state(self, *, now: float) -> BreakerState:
        return self.breaker.state(self.policy, now=now)

    def has_probe(self, *, now: float) -> bool:
        """Whether it is for this node to find out if it may close."""
        return self.state(now=now) is BreakerState.HALF_OPEN and (self.lent or self.alone or not self.shared)

    def why_not(self, *, now: float) -> str | None:
        """Why no call may be made, None if one may."""
        if self.state(now=now) is BreakerState.CLOSED:
            return None
        if self.trying:
            return "its breaker lets one call try"
        if self.has_probe(now=now):
            return None
        return "its breaker is open, on this worker alone" if self.alone else "its breaker is open"

    def rests_s(self, *, now: float) -> float:
        """Seconds until somebody in the fleet may find out if it may close; 0 from then on, and while it is closed."""
        return max(0.0, self.breaker.probe_at(self.policy) - now) if self.breaker.opened_at is not None else 0.0

    def asked(self, *, now: float) -> None:
        """A call begins."""
        self.trying = self.state(now=now) is not BreakerState.CLOSED

    def succeeded(self, *, began: float, now: float) -> None:
        tried = self.breaker.is_probe(self.policy, began=began)
        self._settle(self.breaker.succeeded(self.policy, began=began, now=now))
        self.trying = self.trying and not tried
        last = self._untold[-1] if self._untold else None
        # Each probe is told by itself: the fleet counts them.
        if last is not None and last.kind == "ok" and not tried:
            self._untold[-1] = _Outcome("ok", max(began, last.began), last.calls + 1)
        else:
            self._note(_Outcome("ok", began))

    def failed(self, *, began: float, now: float) -> None:
        self._settle(self.breaker.failed(self.policy, began=began, now=now))
        self._note(_Outcome("bad", began))

    def answered(self, *, began: float, now: float) -> None:
        """A refusal is an answer, if it is about health that a call was to tell; else it says nothing."""
        if self.breaker.is_probe(self.policy, began=began):
            self.succeeded(began=began, now=now)

    def stopped(self, *, began: float) -> None:
        """A call was cancelled, and says nothing."""
        if self.breaker.is_probe(self.policy, began=began):
            self.trying = False

    def notes(self, *, now: float) -> list[Note]:
        """What the fleet is to be told: outcomes that it has not heard of, and that the node wants the probe."""
        self._telling, self._untold = self._untold, []
        found = [Note(each.kind, self.name, self.policy, now - each.began, each.calls) for each in self._telling]
        if self.state(now=now) is BreakerState.HALF_OPEN and not self.alone and (not self.lent or self.trying):
            found.append(Note("probe", self.name, self.policy))
        return found

    def untold(self) -> None:
        """The notes did not get through; the next ones begin with them."""
        self._untold, self._telling = [*self._telling, *self._untold][-_MOST_NOTES:], []

    def heard(self, fleet: SharedBreaker | None, *, node: str, clock_ms: float, now: float) -> None:
        """How it stands in the fleet after the notes. clock_ms: Redis' clock, when ours shows `now`."""
        self.shared, self._telling = True, []
        if self._untold:
            return  # the fleet is about to hear more
        if fleet is None or not fleet.is_open:
            if self._mirrored is not None:
                self._settle(Breaker())
            # What our own calls have opened, and the fleet has heard of without following, is a trouble of this node.
            self.alone = self.breaker.opened_at is not None
            self._mirrored, self.lent = None, False
            return
        self.alone = False
        if self._mirrored != (fleet.opened, fleet.trips) or self.breaker.opened_at is None:
            self._mirrored = (fleet.opened, fleet.trips)
            self._settle(Breaker(opened_at=now - (clock_ms - fleet.opened) / 1000, trips=fleet.trips))
        self.breaker = replace(self.breaker, successes=fleet.successes)
        self.lent = fleet.prober == node and clock_ms < fleet.lent

    def reset(self) -> None:
        """Forget why it was open; the fleet has."""
        self._settle(Breaker())
        self._untold, self._telling, self._mirrored, self.alone = [], [], None, False

    def _settle(self, after: Breaker) -> None:
        if after.opened_at != self.breaker.opened_at:
            self.trying = self.lent = False
        self.breaker = after

    def _note(self, outcome: _Outcome) -> None:
        self._untold = [*self._untold, outcome][-_MOST_NOTES:]
