"""What the calls of the last window use, and how sure that is: no window may hold more tokens than its limit. Pure.

What a call uses is known when it has ended: estimates of what is under way may be too low together. So the tokens that
began in each part of a window are kept, settled or not, with the variance of those that are not: a call begins when the
window that ends with it has room for all of them and `SURE` standard deviations.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from .limits import Pace

#: Standard deviations by which what is under way may use more than was estimated. Lengths of answers are skewed: of a
#: dozen, the sum is more than 4 too large once in 900 times, more than 5 once in 6,000 (lognormal, sigma 0.6).
SURE = 5.0


@dataclass(frozen=True, slots=True)
class Part:
    """tokens: of the calls that began in it. unsure: the variance of those that are not settled, in tokens squared."""

    tokens: float = 0.0
    unsure: int = 0


@dataclass(frozen=True, slots=True)
class Trail:
    """parts: by number, counted from the epoch. last: when the last call begins; no later one does before."""

    parts: Mapping[int, Part] = field(default_factory=dict[int, Part])
    last: float = 0.0

    def begins(self, pace: Pace, tokens: float, unsure: int, at: float) -> float:
        """When a call may begin that would begin `at` but for what is in the window then."""
        at = max(at, self.last)
        inside = {number: part for number, part in self.parts.items() if _over(pace, number) > at}
        used = sum(part.tokens for part in inside.values())
        open_ = sum(part.unsure for part in inside.values()) + unsure
        for number in sorted(inside):
            if used + pace.cost(most(tokens, open_)) <= pace.amount:
                break
            used -= inside[number].tokens
            open_ -= inside[number].unsure
            at = max(at, _over(pace, number))
        return at

    def taken(self, pace: Pace, tokens: float, unsure: int, begins: float, now: float) -> "Trail":
        return Trail(self._with(pace, tokens, unsure, begins, now), max(self.last, begins))

    def settled(self, pace: Pace, change: float, unsure: int, began: float, now: float) -> "Trail":
        """With so many tokens more than the call was estimated to use, of which nothing is unsure any more."""
        return Trail(self._with(pace, change, -unsure, began, now), self.last)

    def _with(self, pace: Pace, tokens: float, unsure: int, at: float, now: float) -> dict[int, Part]:
        parts = {number: part for number, part in self.parts.items() if _over(pace, number) > now}
        number = math.floor(at / pace.part_s)
        if _over(pace, number) > now:
            before = parts.get(number, Part())
            parts[number] = Part(before.tokens + tokens, before.unsure + unsure)
        return parts


def most(tokens: float, variance: float) -> float:
    """Tokens that are surely enough."""
    return tokens + SURE * math.sqrt(variance)


def unsure(variance: float, spare: float) -> int:
    """Of an answer's length, where it can be longer than estimated by `spare` tokens at the most."""
    return math.floor(min(variance, (spare / SURE) ** 2))


def _over(pace: Pace, number: int) -> float:
    """From when on no window has anything of a part."""
    return (number + 1) * pace.part_s + pace.span_s
