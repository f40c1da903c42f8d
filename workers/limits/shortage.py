"""Since when a provider's limits have had no room to spare.

A limit that is used as fast as it permits has room for a moment again and again, until the next call has come. That is
none to spare.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

#: Seconds for which room must have been left unused until the limits are no longer short.
UNUSED_S = 1.0


@dataclass(slots=True)
class Shortage:
    """clock: steady seconds."""

    clock: Callable[[], float] = time.monotonic
    _since: float | None = None
    _room_since: float | None = None

    def waited(self) -> None:
        """A call found no room, or none at once."""
        self._since = self.clock() if self._since is None else self._since
        self._room_since = None

    def looked(self, *, room: bool) -> None:
        """Whether the next call would find room at once."""
        now = self.clock()
        if not room:
            self._room_since = None
        elif self._room_since is None:
            self._room_since = now
        elif now - self._room_since >= UNUSED_S:
            self._since = None

    def for_s(self) -> float:
        """Seconds that it has lasted, 0 if there is none."""
        return 0.0 if self._since is None else self.clock() - self._since
