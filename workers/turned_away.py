"""What becomes of a job whose call a limit had no room for. No attempt is used up. Pure."""

from dataclasses import dataclass

from ..routing.action import GiveUp
from ..routing.directory import Directory
from ..routing.lanes import alternate_queue
from ..routing.reservation import Denied
from ..tasks.job import Job
from .chain import Alternatives, costless
from .limits.budgets import is_agents
from .limits.words import used_up

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


@dataclass(frozen=True, slots=True)
class PassOn:
    """Go to the next target that takes jobs."""


def turned_away(
    denied: Denied, job: Job, others: Alternatives, directory: Directory, *, time_left_s: float, jitter: float
) -> Stay | PassOn | GiveUp:
    """A job waits for a provider's limit in its lane, for whichever pool has room.

    From the queue of this provider it goes to another one that takes jobs, or waits to be looked at again. What its
    agent may not pay for, only a target that costs nothing may answer: all others have the same budget.
    """
    if is_agents(denied.key):
        return _out_of_money(denied, job, others, directory, time_left_s, jitter)
    in_own_queue = job.queue == alternate_queue(others.provider)
    if in_own_queue and others.next is not None:
        return PassOn()
    wait_s = min(denied.wait_s, LOOK_AGAIN_S) if in_own_queue else BACK_IN_LANE_S
    return Stay(job.queue, wait_s + jitter * BACK_IN_LANE_S)


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
