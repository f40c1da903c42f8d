"""What a provider permits, and how much of it is asked for when. Pure: times are arguments, in seconds of one clock.

**Pace.** Providers count a limit of L units in a window of T seconds in three ways: in windows that begin at fixed
times, in the window that ends now, or in a bucket of L that refills at L/T. None of them refuses anything if no window
of length T, wherever it begins, ever holds more than L units. GCRA keeps a theoretical arrival time `tat`, the time at
which all that was let through is paid for at the rate r; with a burst b, a call of c <= b units begins at `now` if

    tat + c/r <= now + b/r,    and then    tat := max(tat, now) + c/r

By induction the units that begin at t_j … t_k are at most b + r (t_k - t_j), so b + rT <= L is enough. A call does not
reach the provider in the moment in which it begins; one that is late and the next that is not come closer together. If
lateness differs by at most J seconds, the calls of a provider's window began within T + J: r = (L - b) / (T + J). Calls
are whole, fewer than L + 1 of them are at most L, so r = (L + 1 - b) / (T + J).

So much for requests. How many tokens a call uses is known when it has ended, and one call may use more than any burst.
Their window is kept call by call (see `trail`); their pace only spreads them, a little faster than their limit, so that
what was left unused is made good. A call larger than the burst is paid for after it.

**Quota.** Days and months are long: whoever has 50 requests a day may want all of them now. They are counted: in
calendar periods, or in parts of a rolling window. A budget is a quota of money.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

#: Share of a limit that may be asked for at once.
BURST_SHARE = 0.01
#: Seconds by which the ways of two calls to the provider may differ.
JITTER_S = 0.4
#: How much faster than their limit tokens are let through, while their window has room.
AHEAD = 1.05
#: Parts in which a rolling window is counted; the oldest counts whole until it is over.
PARTS = 96
#: Parts in which the tokens of a pace's window are.
PACE_PARTS = 120
#: Shares of a quota at which people are told.
WARN_AT = (0.8, 0.9, 1.0)


class Unit(StrEnum):
    REQUESTS = "requests"
    TOKENS = "tokens"
    USD = "usd"  #: counted in nano-dollars, whole ones


class Period(StrEnum):
    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Paid:
    """until: the `tat` of all that was let through, in seconds of the clock, at `per_s` units a second."""

    until: float = 0.0
    per_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `amount` units in any `window_s` seconds. key: whose limit it is, and which."""

    key: str
    unit: Unit
    amount: float
    window_s: float = 60.0

    @property
    def burst(self) -> float:
        return max(1.0, self.amount * BURST_SHARE)

    @property
    def per_s(self) -> float:
        if self.unit is Unit.TOKENS:
            return AHEAD * self.amount / self.span_s
        return max(self.amount + 1 - self.burst, self.amount / 2) / self.span_s

    @property
    def part_s(self) -> float:
        return self.window_s / PACE_PARTS

    @property
    def span_s(self) -> float:
        """Two calls that begin so many seconds apart are in no window together, however differently late they are."""
        return self.window_s + JITTER_S

    def cost(self, units: float) -> float:
        """A call that is larger than the limit itself waits as the largest possible one; the provider has the word."""
        return min(units, self.amount)

    def worth_s(self, units: float) -> float:
        """Seconds in which the limit allows so many units."""
        return self.cost(units) * self.span_s / self.amount

    def tat(self, paid: Paid, now: float) -> float:
        """Until when all is paid for at this rate: what is owed when a limit is changed are units, not seconds."""
        if paid.until <= now or paid.per_s == self.per_s:
            return paid.until
        return now + (paid.until - now) * paid.per_s / self.per_s

    def wait_s(self, paid: Paid, units: float, now: float) -> float:
        """Seconds until a call of so many units may begin."""
        return max(0.0, self.tat(paid, now) + min(0.0, self.cost(units) - self.burst) / self.per_s - now)

    def taken(self, paid: Paid, units: float, begins: float, now: float) -> Paid:
        """After a call that begins then."""
        return Paid(max(self.tat(paid, now), begins) + self.cost(units) / self.per_s, self.per_s)

    def moved(self, paid: Paid, units: float, now: float) -> Paid:
        """After a call that was let through has turned out to use so many units more."""
        return Paid(self.tat(paid, now) + units / self.per_s, self.per_s)


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `amount` units in a period.

    edges: beginnings of calendar periods, this one's, the next one's, and the one's after it, so that a caller may be
    late; empty for a rolling window of `window_s`.
    """

    key: str
    unit: Unit
    amount: float
    window_s: float
    edges: tuple[float, ...] = ()

    def part(self, now: float) -> float:
        """When the part began in which a call is counted."""
        if not self.edges:
            return math.floor(now / self.part_s) * self.part_s
        return max((edge for edge in self.edges if edge <= now), default=self.edges[0])

    def oldest(self, now: float) -> float:
        """When the oldest part began that still counts."""
        return self.part(now) if self.edges else self.part(now - self.window_s)

    def used(self, parts: Iterable[tuple[float, float]], now: float) -> float:
        """parts: when each began, and what it holds."""
        oldest = self.oldest(now)
        return sum(units for began, units in parts if began >= oldest)

    def wait_s(self, parts: Iterable[tuple[float, float]], units: float, now: float) -> float:
        """Seconds until so many units are left, or until all are, if they are more than the whole quota.

        Of money, no more than the whole may ever be used: what is dearer waits and waits. What uses nothing never does,
        though more was used than was allowed.
        """
        if not units:
            return 0.0
        counted = sorted(part for part in parts if part[0] >= self.oldest(now))
        wanted = units if self.unit is Unit.USD else min(units, self.amount)
        excess = sum(held for _, held in counted) + wanted - self.amount
        if excess <= 0:
            return 0.0
        if self.edges:
            return max(0.001, next((edge for edge in self.edges if edge > now), now + 1.0) - now)
        for began, held in counted:
            excess -= held
            if excess <= 0:
                return max(0.001, began + self.part_s + self.window_s - now)
        return self.part_s

    @property
    def part_s(self) -> float:
        return self.window_s / PARTS


@dataclass(frozen=True, slots=True)
class Slots:
    """At most `amount` calls at the same time, wherever they are made."""

    key: str
    amount: int


Limit = Pace | Quota | Slots


def level(used: float, amount: float) -> int:
    """How many of the marks of `WARN_AT` a quota has reached."""
    return sum(used >= share * amount for share in WARN_AT)
