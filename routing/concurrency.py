"""How many calls at the same time a server of our own bears, found out from how it answers them.

Additive increase, multiplicative decrease, as TCP does it: while the limit is in use and the server does as much as
ever, it grows by one in as many answers; when the server gets less done, refuses or queues, it shrinks. Between 1 and
the configured maximum. A pure value: an observation gives a new one.

That answers are slow is no sign by itself: a server that batches, as vLLM does, takes four times as long for each of 64
answers as for one alone, and gets sixteen times as much done. By Little's law, what it gets done is calls under way
by the time that each takes; only if that falls while answers slow down, more calls are more than it bears.
"""

from dataclasses import dataclass, replace

#: Answers that take so many times the pace of the best ones are slow.
SLOW = 4.0
#: A server that gets less than this share done of what it did at its best has more than it bears, if it is slow too.
LEAST_DONE = 0.7
SHRINK_SLOW = 0.9
SHRINK_REFUSED = 0.5
#: What one answer counts in the mean pace, and by how much the best pace is forgotten with each.
_WEIGHT = 0.1
_FORGET = 1.02
#: The share of the maximum below which slowness alone does not shrink it: longer prompts are slow too.
_LEAST_SLOW = 0.25
#: The share of the calls that it allows from which on a limit is in use.
_IN_USE = 0.8


@dataclass(frozen=True, slots=True)
class Concurrency:
    """most: the configured maximum. limit: what it is found to bear, from 1 to `most`.

    pace, best: means of what an answer takes, lately and at its best; 0 is unknown. done, most_done: means of what
    the server gets done in that unit of time, lately and at its best. shrunk_at: when it last shrank, on the clock of
    the calls.
    """

    most: int
    limit: float
    pace: float = 0.0
    best: float = 0.0
    done: float = 0.0
    most_done: float = 0.0
    shrunk_at: float | None = None

    @classmethod
    def of(cls, most: int) -> "Concurrency":
        return cls(most=most, limit=float(most))

    @property
    def calls(self) -> int:
        return max(1, int(self.limit + 1e-9))

    def resized(self, most: int) -> "Concurrency":
        """With another maximum; a limit that was at the old one moves with it."""
        if most == self.most:
            return self
        limit = float(most) if self.limit >= self.most else min(self.limit, float(most))
        return replace(self, most=most, limit=limit)

    def answered(self, *, pace: float, busy: int, began: float, now: float) -> "Concurrency":
        """pace: what the answer took, in any unit that is alike for all. busy: calls under way with it."""
        seen = self._seen(pace, busy / pace) if pace > 0 else self
        if busy < _IN_USE * self.calls:
            return seen
        if seen._is_overloaded():
            least = min(self.limit, _LEAST_SLOW * self.most)
            return seen._shrunk(SHRINK_SLOW, began=began, now=now, least=least)
        return replace(seen, limit=min(float(self.most), self.limit + 1.0 / self.limit))

    def _seen(self, pace: float, done: float) -> "Concurrency":
        if not self.pace:
            return replace(self, pace=pace, best=pace, done=done, most_done=done)
        pace, done = self.pace + _WEIGHT * (pace - self.pace), self.done + _WEIGHT * (done - self.done)
        best, most_done = min(pace, self.best * _FORGET), max(done, self.most_done / _FORGET)
        return replace(self, pace=pace, best=best, done=done, most_done=most_done)

    def _is_overloaded(self) -> bool:
        return self.pace > SLOW * self.best and self.done < LEAST_DONE * self.most_done

    def refused(self, *, began: float, now: float) -> "Concurrency":
        """A call that the server had no room for."""
        return self._shrunk(SHRINK_REFUSED, began=began, now=now)

    def queued(self, *, now: float) -> "Concurrency":
        """The server says that requests wait in it."""
        return self._shrunk(SHRINK_SLOW, began=now, now=now)

    def _shrunk(self, factor: float, *, began: float, now: float, least: float = 1.0) -> "Concurrency":
        """Calls from before it last shrank say nothing new."""
        if self.shrunk_at is not None and began <= self.shrunk_at:
            return self
        return replace(self, limit=max(1.0, least, self.limit * factor), shrunk_at=now)
