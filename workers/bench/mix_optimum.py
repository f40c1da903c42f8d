"""The least time in which several targets together can answer some jobs, and what that costs at least. Pure.

Nobody who knows everything beforehand does better: no slot is idle for a moment, each minute's requests are made as the
minute begins, and the dearer targets get only what the cheaper ones cannot answer in that time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

MINUTE_S = 60.0
#: Seconds to which the least makespan is found.
_EXACT_S = 1e-4
#: What a float may lack of a whole number.
_NEARLY = 1e-9


@dataclass(frozen=True, slots=True)
class Server:
    """slots: calls at the same time. answer_s: mean seconds of an answer. usd: of an answer.

    per_minute: requests in each minute, counted from the start; None is no limit.
    """

    slots: int
    answer_s: float
    usd: float = 0.0
    per_minute: int | None = None

    def answers_by(self, seconds: float) -> int:
        """Answers that it has given by then, if it is never idle: those begun at the end of a minute come later."""
        rounds = math.floor(seconds / self.answer_s + _NEARLY)
        if rounds < 1:
            return 0
        by_slots = self.slots * rounds
        if self.per_minute is None:
            return by_slots
        minutes = math.floor((seconds - self.answer_s) / MINUTE_S + _NEARLY) + 1
        return min(by_slots, self.per_minute * minutes)


@dataclass(frozen=True, slots=True)
class Optimum:
    """taken: by target, what the cheapest division at the least makespan gives it."""

    makespan_s: float
    cost_usd: float
    taken: dict[str, int]


def optimum(jobs: int, servers: Mapping[str, Server]) -> Optimum:
    """Raises ValueError without servers: they would never be done."""
    if not servers:
        raise ValueError("no server could ever answer")
    makespan_s = _least_makespan(jobs, servers)
    taken, left = dict.fromkeys(servers, 0), jobs
    for name, server in sorted(servers.items(), key=lambda item: item[1].usd):
        taken[name] = min(left, server.answers_by(makespan_s))
        left -= taken[name]
    cost_usd = sum(server.usd * taken[name] for name, server in servers.items())
    return Optimum(makespan_s, cost_usd, taken)


def _least_makespan(jobs: int, servers: Mapping[str, Server]) -> float:
    def enough(seconds: float) -> bool:
        return sum(server.answers_by(seconds) for server in servers.values()) >= jobs

    if jobs < 1:
        return 0.0
    low, high = 0.0, 1.0
    while not enough(high):
        low, high = high, high * 2
    while high - low > _EXACT_S:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
