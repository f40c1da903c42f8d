"""How full a pool is. Between two jobs a slot is always free for a moment, so it is the mean that tells."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

#: A pool is full if this share of its slots' time is used, and stays so until less than the second one is: on a busy
#: machine the moments between short jobs are longer.
FULL, STILL_FULL = 0.9, 0.8
#: Seconds over which the mean is taken.
WINDOW_S = 0.5


@dataclass(slots=True)
class Occupancy:
    """busy: jobs that run. clock: steady seconds."""

    clock: Callable[[], float] = time.monotonic
    busy: int = 0
    _since: float = field(init=False)
    _changed_at: float = field(init=False)
    _used_s: float = 0.0
    _full_since: float | None = None

    def __post_init__(self) -> None:
        self._since = self._changed_at = self.clock()

    def change(self, by: int) -> None:
        """Jobs have begun or ended."""
        now = self.clock()
        self._used_s += self.busy * (now - self._changed_at)
        self._changed_at = now
        self.busy += by

    def full_for_s(self, slots: int) -> float:
        """Seconds since the pool last had a free slot, 0 if it has one."""
        self.change(0)
        now, window_s = self._changed_at, self._changed_at - self._since
        if window_s >= WINDOW_S:
            share = FULL if self._full_since is None else STILL_FULL
            if self._used_s < share * slots * window_s:
                self._full_since = None
            elif self._full_since is None:
                self._full_since = self._since
            self._since, self._used_s = now, 0.0
        return 0.0 if self._full_since is None else now - self._full_since
