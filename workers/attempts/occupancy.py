"""How full a pool is, and which job has the next slot.

Between two jobs a slot is always free for a moment, so it is the mean that tells how full it is. Where that moment is a
part of a job's time worth having, some jobs are taken ahead: claimed, looked at, and in line for a slot.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

#: A pool is full if this share of its slots' time is used, and stays so until less than the second one is: on a busy
#: machine the moments between short jobs are longer.
FULL, STILL_FULL = 0.9, 0.8
#: Seconds over which the mean is taken.
WINDOW_S = 0.5
#: Seconds that a job taken ahead waits in line, if slots are freed as fast as they lately were. Hardly another pool
#: would have begun it sooner.
AHEAD_S = 0.1
#: Of so many slots, one job is taken ahead at the most.
SLOTS_AHEAD = 8


@dataclass(slots=True)
class Occupancy:
    """busy: slots that are taken. most: as many as there are. clock: steady seconds."""

    clock: Callable[[], float] = time.monotonic
    busy: int = 0
    most: float = math.inf
    _since: float = field(init=False)
    _changed_at: float = field(init=False)
    _used_s: float = 0.0
    _full_since: float | None = None
    _line: deque["asyncio.Future[bool]"] = field(default_factory=deque["asyncio.Future[bool]"])
    _freed: int = 0
    _ahead: int = 0
    _looked_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self._changed_at = self._looked_at = self.clock()

    async def take(self, within_s: float) -> bool:
        """Whether a slot came free in time; it is taken then."""
        if self.busy < self.most and not self._line:
            self.change(+1)
            return True
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._line.append(turn)
        alarm = loop.call_later(within_s, _came, turn, False)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.result():
                self.give_back()
            raise
        finally:
            alarm.cancel()

    def give_back(self) -> None:
        self._freed += 1
        self.change(-1)
        self._hand_on()

    def resize(self, most: int) -> None:
        self.most = most
        self._hand_on()

    def _hand_on(self) -> None:
        while self._line and self.busy < self.most:
            turn = self._line.popleft()
            if not turn.done():
                self.change(+1)
                turn.set_result(True)

    def ahead(self, slots: int) -> int:
        """How many more jobs to take than there are slots, by how fast they were freed in the last window."""
        now = self.clock()
        elapsed_s = now - self._looked_at
        if elapsed_s >= WINDOW_S:
            self._ahead = min(slots // SLOTS_AHEAD, int(AHEAD_S * self._freed / elapsed_s))
            self._looked_at, self._freed = now, 0
        return self._ahead

    def change(self, by: int) -> None:
        """Slots have been taken or given back."""
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


def _came(turn: "asyncio.Future[bool]", it_did: bool) -> None:
    if not turn.done():
        turn.set_result(it_did)
