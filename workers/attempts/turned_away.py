"""How long a job's call may wait for a limit, and what becomes of it if there is no room. Pure.

No attempt is used up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ...routing.action import GiveUp
from ...routing.directory import ChainLink, Directory
from ...routing.gate import PoolState
from ...routing.lanes import alternate_queue
from ...routing.reservation import WITHOUT_END_S, Denied
from ...tasks.job import Job
from ..limits.admission import OUT_S, PATIENCE_S
from ..limits.budgets import is_agents
from ..limits.words import used_up
from .chain import Alternatives, costless

#: Seconds until a job that found no room is in its lane again: this pool has closed it by then.
BACK_IN_LANE_S = 0.25
#: Seconds after which a job that waits for this provider alone, its limit or its breaker, is looked at at the latest.
LOOK_AGAIN_S = 60.0
#: Seconds after which a job is that waits for its agent's budget: somebody may have raised it.
BUDGET_AGAIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Stay:
    """Wait in a queue for `wait_s` seconds."""

    queue: str
    wait_s: float


def turned_away(
    denied: Denied,
    job: Job,
    others: Alternatives,
    directory: Directory,
    pools: Mapping[str, PoolState],
    *,
    time_left_s: float,
    jitter: float,
) -> Stay | GiveUp:
    """A job waits for a provider's limit in its lane, for whichever pool has room.

    From the queue of this provider it goes to another one that has room, or waits to be looked at again. What its
    agent may not pay for, only a target that costs nothing may answer: all others have the same budget.
    """
    if is_agents(denied.key):
        return _out_of_money(denied, job, others, directory, time_left_s, jitter)
    if job.queue != alternate_queue(others.provider):
        return Stay(job.queue, BACK_IN_LANE_S + jitter * BACK_IN_LANE_S)
    if (to := _elsewhere(denied, others, pools)) is not None:
        return Stay(alternate_queue(to.provider), 0.0)
    return Stay(job.queue, min(denied.wait_s, LOOK_AGAIN_S) + jitter * BACK_IN_LANE_S)


def _elsewhere(denied: Denied, others: Alternatives, pools: Mapping[str, PoolState]) -> ChainLink | None:
    """Where a job goes at once, None if it waits here.

    While this provider is short of room for a moment only, so may others be, and would send it back: it goes to those
    that have room. To wait for long is for those that have no other choice.
    """
    return _roomy(others, pools) or (others.next if denied.wait_s > OUT_S else None)


def longest_wait_s(job: Job, others: Alternatives, pools: Mapping[str, PoolState]) -> float:
    """Seconds for which a job's call may wait in a slot at the most: no longer than another pool would let it."""
    if _roomy(others, pools) is None:
        return WITHOUT_END_S
    if job.queue == alternate_queue(others.provider):
        return PATIENCE_S
    return WITHOUT_END_S if others.spill_after_s is None else max(PATIENCE_S, others.spill_after_s)


def _roomy(others: Alternatives, pools: Mapping[str, PoolState]) -> ChainLink | None:
    """The first of the other pools that has room."""
    for link in others.open:
        pool = pools.get(link.provider)
        if link.provider != others.provider and pool is not None and pool.full_for_s == 0:
            return link
    return None


def _out_of_money(
    denied: Denied, job: Job, others: Alternatives, directory: Directory, time_left_s: float, jitter: float
) -> Stay | GiveUp:
    elsewhere = (link for link in others.open if link.provider != others.provider)
    free = next((link for link in elsewhere if costless(link, directory, job.task_type)), None)
    if free is not None:
        return Stay(alternate_queue(free.provider), 0.0)
    if denied.wait_s >= time_left_s:
        return GiveUp(f"{used_up(denied.key, denied.wait_s)}, past the job's deadline")
    return Stay(job.queue, min(denied.wait_s, BUDGET_AGAIN_S) * (1 + 0.1 * jitter))
