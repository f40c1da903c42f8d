"""What `routing.action` decides by, out of what a pool knows of a job."""

from collections.abc import Iterable

from ...routing.action import Situation
from ...routing.failure import Failure, Fault
from ...tasks.job import Attempt
from ..endpoints.upstream import Upstream
from .chain import Alternatives
from .leases import Running

_LIMITS = (Fault.RATE_LIMITED, Fault.QUOTA_EXHAUSTED)


def situation(
    running: Running,
    others: Alternatives,
    failure: Failure,
    before: Iterable[Attempt],
    upstream: Upstream,
    *,
    now: float,
    jitter: float,
) -> Situation:
    """before: the attempts in the ledger. now: on the clock of the job's deadline."""
    several = upstream.relief or (len(upstream.lines) > 1 and not upstream.doubted)
    another = several and upstream.provider.self_hosted
    failed = [each for each in before if each.failed]
    refusing = {each.target for each in failed if each.outcome == failure.fault}
    return Situation(
        attempts_used=running.job.attempts,
        failures_here=sum(each.target == running.target and each.outcome not in _LIMITS for each in failed),
        refusing=len(refusing | {running.target}),
        alternates=0 if others.next_for(failure) is None else 1,
        time_left_s=running.ends_at - now,
        jitter=jitter,
        out=upstream.why_not() is not None and not another,
        another=another,
        filtered=others.filtered,
    )
