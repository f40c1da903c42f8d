"""Rate limits as a provider enforces them: requests and tokens, a minute and a day, all or nothing.

Pure: time comes in as an argument, and nothing here knows how a dialect words a refusal.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...routing.limits import Period, Unit
from .windows import WINDOWS, WindowType


@dataclass(frozen=True, slots=True)
class Limit:
    """`amount` units within `window_s` seconds; the period is what the provider calls the window."""

    unit: Unit
    period: Period
    amount: int
    window_s: float

    @property
    def acronym(self) -> str:
        """RPM, TPM, RPD or TPD."""
        return f"{self.unit[0]}P{self.period[0]}".upper()


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a limit stands. reset_s: seconds until all of it is back."""

    limit: Limit
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class Overrun:
    """A request that did not fit. wait_s: seconds until it would; infinite if it is larger than the limit."""

    limit: Limit
    used: int
    requested: int
    wait_s: float


class Limiter:
    """Several limits that a request must fit in together; a refused one uses nothing of any."""

    def __init__(self, limits: Sequence[Limit], window: WindowType) -> None:
        self._windows = [(limit, WINDOWS[window](limit.amount, limit.window_s)) for limit in limits]

    def admit(self, tokens: int, now: float) -> Overrun | None:
        """Take one request of so many tokens, or say which limit it overruns: the one with the longest wait."""
        worst: Overrun | None = None
        for limit, window in self._windows:
            requested = _units(limit, tokens)
            wait_s = window.wait_s(requested, now)
            if wait_s > (worst.wait_s if worst else 0.0):
                worst = Overrun(limit, math.ceil(window.used(now)), requested, wait_s)
        if worst is None:
            for limit, window in self._windows:
                window.take(_units(limit, tokens), now)
        return worst

    def readings(self, now: float) -> tuple[Reading, ...]:
        return tuple(
            Reading(limit, math.floor(limit.amount - window.used(now)), window.reset_s(now))
            for limit, window in self._windows
        )


def _units(limit: Limit, tokens: int) -> int:
    return tokens if limit.unit is Unit.TOKENS else 1
