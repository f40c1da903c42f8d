"""The faults that a chaos run knows, and one strike of one of them."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    KILL_WORKER = "kill worker"  #: SIGKILL
    FREEZE_WORKER = "freeze worker"  #: SIGSTOP for longer than a lease, then SIGCONT
    STOP_WORKER = "stop worker"  #: SIGTERM, as a deployment does
    CUT_OFF_WORKER = "cut off worker"  #: one worker does not reach Redis, the others do
    KILL_REDIS = "kill Redis"  #: SIGKILL, and a start from its append-only file
    FREEZE_REDIS = "freeze Redis"  #: SIGSTOP, then SIGCONT
    FILL_REDIS = "fill Redis"  #: `maxmemory` is reached, with `noeviction`
    DROP_CONNECTIONS = "drop connections"  #: CLIENT KILL of everybody
    DUPLICATE_MESSAGE = "duplicate message"  #: a copy is served next
    REMOVE_MESSAGE = "remove message"  #: a job waits, and nobody will be told
    CANCEL_JOB = "cancel job"  #: whatever it is doing
    HANG_PROVIDER = "hang provider"  #: requests are accepted and never answered
    CUT_PROVIDER = "cut provider"  #: answers end in the middle
    REFUSE_PROVIDER = "refuse provider"  #: nobody listens
    REPEAT_PROVIDER = "repeat provider"  #: each answer comes twice

    @property
    def takes_redis(self) -> bool:
        """Whether nobody gets an answer of Redis while it lasts."""
        return self in (Fault.KILL_REDIS, Fault.FREEZE_REDIS, Fault.FILL_REDIS)


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault, once.

    at: due when this share of the jobs has ended, so that it falls into the load on slow machines and fast ones.
    after_s: seconds later than that. lasts_s: for faults that last. where: from 0 to 1, picks the victim.
    """

    at: float
    fault: Fault
    where: float
    lasts_s: float = 0.0
    after_s: float = 0.0
