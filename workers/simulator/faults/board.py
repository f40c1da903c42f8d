"""Which faults are on, and which of them strike a request."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from ..ask import Ask, Operation
from .fault import Fault
from .spec import FaultSpec


@dataclass(slots=True)
class Active:
    """since_s: when it was switched on. seen: requests it could have struck; struck: those it did."""

    spec: FaultSpec
    since_s: float
    seen: int = 0
    struck: int = 0

    def strikes(self, now: float, rng: Random) -> bool:
        self.seen += 1
        struck = self._due(now) and (self.spec.rate >= 1 or rng.random() < self.spec.rate)
        self.struck += struck
        return struck

    def _due(self, now: float) -> bool:
        spec, age_s = self.spec, now - self.since_s
        begins_s, skipped = spec.after.seconds or 0.0, spec.after.requests or 0
        if age_s < begins_s or self.seen <= skipped:
            return False
        if spec.lasting and spec.lasting.seconds is not None and age_s >= begins_s + spec.lasting.seconds:
            return False
        if spec.lasting and spec.lasting.requests is not None and self.seen > skipped + spec.lasting.requests:
            return False
        return not spec.fault.alternates or age_s % spec.amount < spec.amount / 2


@dataclass(frozen=True, slots=True)
class Strike:
    fault: Fault
    amount: float


class Board:
    """One spec for each fault and provider; the next replaces it. clock: seconds that never run backwards."""

    def __init__(self, clock: Callable[[], float], rng: Random) -> None:
        self._clock, self._rng = clock, rng
        self._active: dict[str, Active] = {}

    @property
    def active(self) -> Iterable[Active]:
        return self._active.values()

    def switch_on(self, spec: FaultSpec) -> Active:
        active = self._active[spec.key] = Active(spec, self._clock())
        return active

    def switch_off(self, name: str | None = None) -> list[str]:
        """One fault, at one provider or wherever it is on, or all; the keys of those that were on."""
        off = [key for key, active in self._active.items() if name in (None, key, active.spec.fault.name)]
        for key in off:
            del self._active[key]
        return off

    def drop(self, active: Active) -> None:
        """Switch a fault off, unless it has been switched on anew."""
        if self._active.get(active.spec.key) is active:
            del self._active[active.spec.key]

    def strikes(self, provider: str, dialect: str, operation: Operation, ask: Ask | None) -> tuple[Strike, ...]:
        """The faults that strike this request, in the order in which they were switched on."""
        if not self._active:
            return ()
        now = self._clock()
        return tuple(
            Strike(active.spec.fault, active.spec.amount)
            for active in self._active.values()
            if active.spec.provider in (None, provider)
            and _concerns(active.spec, dialect, operation, ask)
            and active.strikes(now, self._rng)
        )


def _concerns(spec: FaultSpec, dialect: str, operation: Operation, ask: Ask | None) -> bool:
    fault = spec.fault
    if spec.strikes_listener or operation not in fault.hits or dialect not in fault.dialects:
        return False
    if ask is None:
        return spec.model is None
    return spec.model in (None, ask.model) and fault.applies(ask)
