"""The three ways in which providers count a limit over time. Time is an argument: seconds that never run backwards.

All answer the same questions: how much is used, how long until an amount fits, how long until the whole limit is back.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol

WindowType = Literal["fixed", "sliding", "bucket"]


class Window(Protocol):
    def used(self, now: float) -> float: ...

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` fits: 0 if it does now, infinite if it is more than the limit."""
        ...

    def take(self, amount: float, now: float) -> None: ...

    def reset_s(self, now: float) -> float:
        """Seconds until nothing is used any more, if nothing is taken meanwhile."""
        ...


class FixedWindow:
    """Counts within windows that start at multiples of their length; everything is back at the next start."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit, self._window_s = limit, window_s
        self._index, self._used = -1, 0.0

    def used(self, now: float) -> float:
        return self._used if self._index == math.floor(now / self._window_s) else 0.0

    def wait_s(self, amount: float, now: float) -> float:
        if amount > self._limit:
            return math.inf
        return 0.0 if self.used(now) + amount <= self._limit else self._until_next(now)

    def take(self, amount: float, now: float) -> None:
        self._used = self.used(now) + amount
        self._index = math.floor(now / self._window_s)

    def reset_s(self, now: float) -> float:
        return self._until_next(now) if self.used(now) else 0.0

    def _until_next(self, now: float) -> float:
        return (math.floor(now / self._window_s) + 1) * self._window_s - now


class SlidingWindow:
    """Counts what was taken within the last `window_s` seconds; each unit is back `window_s` after it was taken."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit, self._window_s = limit, window_s
        self._taken: deque[tuple[float, float]] = deque()
        self._used = 0.0

    def used(self, now: float) -> float:
        while self._taken and self._taken[0][0] <= now - self._window_s:
            self._used -= self._taken.popleft()[1]
        return self._used

    def wait_s(self, amount: float, now: float) -> float:
        if amount > self._limit:
            return math.inf
        excess = self.used(now) + amount - self._limit
        for at, taken in self._taken:
            if excess <= 0:
                break
            excess -= taken
            if excess <= 0:
                return at + self._window_s - now
        return 0.0

    def take(self, amount: float, now: float) -> None:
        self._used = self.used(now) + amount
        self._taken.append((now, amount))

    def reset_s(self, now: float) -> float:
        return self._taken[-1][0] + self._window_s - now if self.used(now) else 0.0


class Bucket:
    """A bucket of `limit` units that starts full and refills evenly, `limit` in `window_s`."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit, self._per_s = limit, limit / window_s
        self._missing, self._at = 0.0, 0.0

    def used(self, now: float) -> float:
        return max(self._missing - (now - self._at) * self._per_s, 0.0)

    def wait_s(self, amount: float, now: float) -> float:
        if amount > self._limit:
            return math.inf
        return max(self.used(now) + amount - self._limit, 0.0) / self._per_s

    def take(self, amount: float, now: float) -> None:
        self._missing, self._at = self.used(now) + amount, now

    def reset_s(self, now: float) -> float:
        return self.used(now) / self._per_s


WINDOWS: dict[WindowType, Callable[[int, float], Window]] = {
    "fixed": FixedWindow,
    "sliding": SlidingWindow,
    "bucket": Bucket,
}
