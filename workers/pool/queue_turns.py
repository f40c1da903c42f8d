"""In which order a pool looks at its queues: what has failed elsewhere has waited already."""

from collections.abc import Iterable

from ...routing.lanes import alternate_queue

#: Jobs that a pool takes in a row from its alternate queue while lanes have jobs too: those get the next turn.
IN_A_ROW = 3

_ALTERNATE = alternate_queue("")


class AlternatesFirst:
    """One of kombu's queue cycles: the alternate queue first, a few times in a row; lanes take turns."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._served = 0

    def update(self, it: Iterable[str]) -> None:
        """These are the queues from now on."""
        self._names = list(it)
        self._sort()

    def consume(self, n: int) -> list[str]:
        """The first `n` queues to look at."""
        return self._names[:n]

    def rotate(self, last_used: str) -> str:
        """A message came from this queue."""
        self._served = self._served + 1 if last_used.startswith(_ALTERNATE) else 0
        if last_used in self._names:
            self._names.remove(last_used)
            self._names.append(last_used)
        self._sort()
        return last_used

    def _sort(self) -> None:
        """Lanes keep their order."""
        lanes_first = self._served >= IN_A_ROW
        self._names.sort(key=lambda name: name.startswith(_ALTERNATE) is lanes_first)
