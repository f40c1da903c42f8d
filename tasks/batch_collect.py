"""From the outcomes of a batch's jobs to the lines of its output file."""

from collections.abc import Mapping
from typing import Final

from ..routing.failure import Failure, Fault
from .batch_output import EndCode, answered_line, failed_line, unexecuted_line
from .client import AsyncClient
from .job import JobState
from .openai_body import openai_body
from .results import Outcome

_END_CODES: Final[Mapping[JobState, EndCode]] = {
    JobState.CANCELLED: "batch_cancelled",
    JobState.EXPIRED: "batch_expired",
    JobState.FAILED: "not_executed",
}
_FAULTS: Final = {fault.value: fault for fault in Fault}


async def output_line(client: AsyncClient, outcome: Outcome, custom_id: str, *, now: float) -> bytes:
    """The output line of a job that ended. now: seconds since the epoch."""
    job_id, answer = outcome.job_id, outcome.answer
    if answer is not None:
        # Only an answer in another dialect needs its request, which is a round trip away.
        body = answer.body or openai_body(answer, (await client.spec(job_id)).request, int(now))
        return answered_line(custom_id, job_id, body, request_id=answer.request_id)
    reason = outcome.error or outcome.state.value
    failure = await _last_failure(client, outcome)
    if failure is None:
        return unexecuted_line(custom_id, job_id, _END_CODES[outcome.state], reason)
    return failed_line(custom_id, job_id, failure, reason)


async def _last_failure(client: AsyncClient, outcome: Outcome) -> Failure | None:
    """What the last provider said, if one was asked before the job failed."""
    if outcome.state is not JobState.FAILED or not (attempts := await client.attempts(outcome.job_id, this_run=True)):
        return None
    last = attempts[-1]
    fault = _FAULTS.get(last.outcome)
    return None if fault is None else Failure(fault, last.message, status=last.status, code=last.code)
