"""What is written of an attempt, and how a failed job tells of all of them."""

from collections.abc import Iterable, Mapping

from ...routing.failure import Failure
from ...tasks.answer import Answer
from ...tasks.job import UNSEEN, Attempt, Job
from .lost_call import LostCall


def entry(
    job: Job,
    target: str,
    outcome: str,
    *,
    node: str,
    started_at: float,
    total_s: float,
    failure: Failure | None = None,
    answer: Answer | None = None,
    lost: LostCall | None = None,
    answered_by: str = "",
) -> Attempt:
    """One entry of the ledger. answer: what was paid for, good or not, or the beginning of it. lost: if none came."""
    usage = answer.usage if answer else None
    return Attempt(
        number=job.attempts,
        epoch=job.epoch,
        target=target,
        outcome=outcome,
        message=failure.message[:500] if failure else "",
        status=failure.status if failure else None,
        code=failure.code if failure else None,
        node=node,
        started_at=started_at,
        total_s=round(total_s, 4),
        first_token_s=answer.first_token_s if answer else None,
        queue_wait_s=job.queue_wait_s,
        input_tokens=usage.input_tokens if usage else 0,
        cached_read_tokens=usage.cached_read_tokens if usage else 0,
        cache_write_tokens=usage.cache_write_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else 0,
        reasoning_tokens=usage.reasoning_tokens if usage else 0,
        counted_by=usage.source if usage else "provider",
        cost_usd=usage.cost_usd if usage else None,
        cost_source=usage.cost_source if usage else UNSEEN if lost else None,
        presumed_usd=lost.presumed_usd if lost else None,
        price_version=usage.price_version if usage else None,
        answered_by=answered_by,
        fallback=any(other != target for other in job.tried),
    )


def explained(reason: str, attempts: Iterable[Attempt], skipped: Mapping[str, str]) -> str:
    """Why a job failed, with every target that was tried or skipped."""
    tried = [f"{each.target}: {each.outcome}: {each.message}" for each in attempts]
    left_out = [f"{target}: skipped: {why}" for target, why in skipped.items()]
    return "; ".join([reason, *tried, *left_out])
