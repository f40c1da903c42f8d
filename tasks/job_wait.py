"""What a job that waits is waiting for: its time, its batch, or somebody who takes the jobs of its queue."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .fleet_state import FleetState
from .job import Job, JobState
from .messages import STEPS, list_at
from .status import takers_of
from .store import Store


@dataclass(frozen=True, slots=True)
class JobWait:
    """At one moment.

    due_in_s: seconds until a snoozed job is looked at again, None of one that is queued. held: its batch has yet to
    let it into its queue. ahead: jobs of the queue that are served before it. takers: nodes that take the queue's jobs
    now. refusals: living nodes that could, but do not now, and why.
    """

    queue: str
    due_in_s: float | None = None
    held: bool = False
    ahead: int = 0
    takers: tuple[str, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        """In words."""
        if self.due_in_s is not None:
            return f"to be looked at again in {self.due_in_s:.0f} s"
        if self.held:
            return "for its batch to let it into its queue"
        first = f"{self.ahead} {'job is' if self.ahead == 1 else 'jobs are'} before it" if self.ahead else "it is next"
        return f"{first} in {self.queue}, {self._whose()}"

    def _whose(self) -> str:
        if self.takers:
            return f"which {', '.join(self.takers)} {'serves' if len(self.takers) == 1 else 'serve'}"
        why = "; ".join(f"{node}: {reason}" for node, reason in self.refusals.items())
        return f"whose jobs nobody takes now: {why or 'no worker of it runs'}"


async def read_wait(job: Job, store: Store, fleet: FleetState) -> JobWait | None:
    """None if the job does not wait. Errors of Redis pass through as they are."""
    if job.state not in (JobState.QUEUED, JobState.SNOOZED):
        return None
    lists = [store.key("wait", list_at(job.queue, step)) for step in STEPS]
    snapshot = await fleet.snapshot()
    async with store.redis.pipeline(transaction=False) as pipe:
        pipe.zscore(store.key("snoozed"), job.id)
        for each in lists:
            pipe.zrank(each, job.id)
            pipe.zcard(each)
        due_ms, *found = await pipe.execute()
    if due_ms is not None:
        return JobWait(job.queue, due_in_s=max(0.0, due_ms / 1000 - snapshot.now))
    ahead = _ahead(found[::2], found[1::2])
    held = ahead is None and bool(job.batch)
    return JobWait(job.queue, None, held, ahead or 0, *takers_of(job.queue, snapshot.living))


def _ahead(ranks: list[int | None], counts: list[int]) -> int | None:
    """Jobs before one that has a rank in one of its queue's lists; they are served one after the other."""
    at = next((number for number, rank in enumerate(ranks) if rank is not None), None)
    return None if at is None else sum(counts[:at]) + (ranks[at] or 0)
