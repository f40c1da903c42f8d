"""A job's outcome as Celery's result backend stores it, so that `AsyncResult(job_id)` and our client read the same
value.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .answer import Answer
from .characters import whole
from .errors import JobCancelled, JobExpired, JobFailed
from .job import JobState

RESULT_KEY = "celery-task-meta-"

_ERRORS: Mapping[JobState, type[JobFailed]] = {
    JobState.FAILED: JobFailed,
    JobState.CANCELLED: JobCancelled,
    JobState.EXPIRED: JobExpired,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended. answer: only if it succeeded. error: why not, else None."""

    job_id: str
    state: JobState
    answer: Answer | None = None
    error: str | None = None

    def unwrap(self) -> Answer:
        """The answer; raises JobFailed, JobCancelled or JobExpired."""
        if self.answer is not None:
            return self.answer
        raise _ERRORS[self.state](f"job {self.job_id} {self.state}: {self.error}")


def encode(outcome: Outcome) -> str:
    """JSON as Celery's backend has it. Cancelled is REVOKED there; failed and expired are FAILURE with our errors."""
    meta: dict[str, Any] = {"status": "SUCCESS", "result": None, "traceback": None, "children": [], "date_done": None}
    if outcome.answer is not None:
        meta["result"] = outcome.answer.model_dump(mode="json", exclude_defaults=True)
    else:
        error = _ERRORS[outcome.state]
        meta["status"] = "REVOKED" if outcome.state is JobState.CANCELLED else "FAILURE"
        meta["result"] = {
            "exc_type": error.__name__,
            "exc_message": [outcome.error or ""],
            "exc_module": error.__module__,
        }
    meta["task_id"] = outcome.job_id
    # The provider's own body, where it is kept, may hold what Redis cannot.
    return whole(json.dumps(meta, separators=(",", ":"), ensure_ascii=False))


def decode(job_id: str, raw: bytes | str) -> Outcome:
    """Reads what `encode` wrote."""
    meta = json.loads(raw)
    result = meta["result"]
    if meta["status"] == "SUCCESS":
        return Outcome(job_id, JobState.SUCCEEDED, Answer.model_validate(result, extra="ignore"))
    state = next((state for state, error in _ERRORS.items() if error.__name__ == result["exc_type"]), JobState.FAILED)
    return Outcome(job_id, state, error=" ".join(str(part) for part in result["exc_message"]))
