"""In which order a pool looks at its queues: what has failed elsewhere has waited already."""

from collections.abc import Iterable
from typing import Any

from kombu.utils.scheduling import round_robin_cycle

from ..routing.lanes import alternate_queue

#: Jobs that a pool takes in a row from its alternate queue while lanes have jobs too: those get the next turn.
IN_A_ROW = 3

_ALTERNATE = alternate_queue("")


class AlternatesFirst(round_robin_cycle):  # type: ignore[misc]  # kombu has no types
    """The alternate queue first, a few times in a row; lanes take turns."""

    def __init__(self, it: list[str] | None = None) -> None:
        super().__init__(it)
        self.items: list[str]
        self._served = 0

    def update(self, it: Iterable[str]) -> None:
        super().update(it)
        self._sort()

    def rotate(self, last_used: str) -> Any:
        self._served = self._served + 1 if last_used.startswith(_ALTERNATE) else 0
        super().rotate(last_used)
        self._sort()
        return last_used

    def _sort(self) -> None:
        """Lanes keep their order."""
        lanes_first = self._served >= IN_A_ROW
        self.items.sort(key=lambda name: name.startswith(_ALTERNATE) is lanes_first)
