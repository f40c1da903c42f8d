"""Jobs that a pool had begun when a breaker opened: they are about to go on elsewhere, and have waited already.

Other pools do not fill their slots with what has not begun yet until those jobs have come, or a short while is over.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..attempts.leases import Running

#: The jobs of a provider that is dead go on at once; those of one that hangs within about the time that its calls used
#: to take.
HAND_OVER_S = 1.0


@dataclass(slots=True)
class HandOver:
    """clock: steady seconds."""

    clock: Callable[[], float] = time.monotonic
    _broken: frozenset[str] = frozenset()
    _since: float = 0.0

    def leaving(self, held: Iterable[Running], broken: Iterable[str]) -> int:
        """How many of the jobs that run are leaving. broken: providers and targets whose breakers are open."""
        now, broken = self.clock(), frozenset(broken)
        if broken - self._broken:
            self._since = now
        self._broken = broken
        if now - self._since >= HAND_OVER_S:
            return 0
        return sum(not broken.isdisjoint((running.target, running.target.partition("/")[0])) for running in held)
