"""How many slots and hosts a backlog needs to be done by a deadline.

A list of jobs served by m slots, in any order, has ended after (all work) / m + (longest job) at the latest (Graham,
"Bounds on multiprocessing timing anomalies", 1969). So m slots suffice if m (deadline - one answer) >= all work, and
because the mean takes the place of the longest, a share of the capacity is kept back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

#: Share of a pool's capacity that a plan counts on. The rest is for answers longer than the mean, and for retries.
USED_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class Pool:
    """What serves jobs. slots: of all its hosts together. answer_s: mean seconds of an answer, None is not known yet.

    per_minute: requests that its limits permit, None is any number. host_slots: of a host that would join; 0 if its
    slots are shared by all hosts, so that no host adds any. hosts: those that live.
    """

    provider: str
    slots: int
    hosts: int
    host_slots: int
    answer_s: float | None = None
    per_minute: float | None = None

    @property
    def per_second(self) -> float:
        """Jobs that it can serve; 0 as long as nobody knows how long an answer takes."""
        if not self.answer_s:
            return 0.0
        permitted = float("inf") if self.per_minute is None else self.per_minute / 60
        return min(self.slots / self.answer_s, permitted)

    def served_in(self, seconds: float) -> float:
        """Jobs that it has certainly served by then: the last ones begin one answer earlier."""
        return self.per_second * max(0.0, seconds - (self.answer_s or 0.0))


@dataclass(frozen=True, slots=True)
class Need:
    """What a provider would need if it alone were to make up for what is missing.

    slots, hosts: in all, None where no number of them does it. why_not: the reason then. jobs_per_host: what one host
    serves by the deadline: the threshold for whoever scales by the backlog.
    """

    provider: str
    slots: int | None
    hosts: int | None
    jobs_per_host: int | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """done_in_s: with what runs now, None if that never ends. needs: alternatives to each other, by provider."""

    backlog: int
    deadline_s: float
    per_second_now: float
    per_second_needed: float
    done_in_s: float | None
    needs: tuple[Need, ...]

    @property
    def enough(self) -> bool:
        """Whether what runs now suffices."""
        return self.done_in_s is not None and self.done_in_s <= self.deadline_s


def plan(backlog: int, pools: Sequence[Pool], *, deadline_s: float, used_share: float = USED_SHARE) -> Plan:
    """backlog: jobs that have not ended. deadline_s: seconds from now by which they are to have."""
    serving = [pool for pool in pools if pool.slots]
    now = used_share * sum(pool.per_second for pool in serving)
    last_s = max((pool.answer_s or 0.0 for pool in serving), default=0.0) if backlog else 0.0
    done_in_s = backlog / now + last_s if now else (0.0 if not backlog else None)
    needs = tuple(_need(pool, _others(pool, serving), backlog, deadline_s, used_share) for pool in pools)
    return Plan(backlog, deadline_s, now, backlog / deadline_s, done_in_s, needs)


def _others(pool: Pool, serving: Iterable[Pool]) -> list[Pool]:
    return [other for other in serving if other.provider != pool.provider]


def _need(pool: Pool, others: Sequence[Pool], backlog: int, deadline_s: float, used_share: float) -> Need:
    if not pool.answer_s:
        return Need(pool.provider, None, None, why_not="nobody knows yet how long an answer takes; say --answer")
    serving_s = deadline_s - pool.answer_s
    if serving_s <= 0:
        return Need(pool.provider, None, None, why_not=f"one answer takes {pool.answer_s:.0f} s already")
    left = backlog - sum(used_share * other.served_in(deadline_s) for other in others)
    rate = max(0.0, left) / serving_s / used_share
    if pool.per_minute is not None and rate > pool.per_minute / 60:
        return Need(pool.provider, None, None, why_not=f"its limits permit {pool.per_minute:,.0f} requests a minute")
    slots = ceil(rate * pool.answer_s - 1e-9)
    per_host = max(1, floor(used_share * pool.host_slots * serving_s / pool.answer_s)) if pool.host_slots else None
    return Need(pool.provider, slots, _hosts(pool, slots), per_host)


def _hosts(pool: Pool, slots: int) -> int:
    """Slots that all hosts share need one host, however many they are."""
    return ceil(slots / pool.host_slots) if pool.host_slots else min(slots, 1)
