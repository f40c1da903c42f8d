"""For which share of its life a pool's provider took calls."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Uptime:
    """clock: steady seconds."""

    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _looked: float = field(init=False)
    _up_s: float = 0.0
    _was_up: bool = True

    def __post_init__(self) -> None:
        self._began = self._looked = self.clock()

    def share(self, *, up: bool) -> float:
        """From 0 to 1. up: how it is now; until now it was as at the last look."""
        now = self.clock()
        if self._was_up:
            self._up_s += now - self._looked
        self._looked, self._was_up = now, up
        return 1.0 if now == self._began else self._up_s / (now - self._began)
