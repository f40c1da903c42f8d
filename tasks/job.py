"""What a job is: what is handed in, the record in Redis, and the states it passes through."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from ..routing.directory import NO_AGENT
from ..routing.failure import Fault
from ..routing.lanes import DEFAULT_TASK_TYPE, Band, Priority
from .request import Request

#: Seconds after which an unfinished job expires, unless the submission says otherwise: OpenAI's completion window.
DEFAULT_DEADLINE_S = 86_400.0


#: The longest that a job may wait: a year.
_LONGEST_S = 31_536_000.0

#: Who may look at an answer; the judges themselves are the workers'.
JudgeName = Literal["python-tests", "python", "json", "nonempty"]


class JobState(StrEnum):
    QUEUED = "queued"  #: waits in a queue, or for its batch to release it
    RUNNING = "running"  #: a worker holds its lease
    SNOOZED = "snoozed"  #: put back until a time
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  #: its deadline passed before an answer came

    @property
    def final(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING, JobState.SNOOZED)


_S = JobState

#: Every change of state that is allowed; the scripts check the state they start from.
TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    _S.QUEUED: frozenset({_S.RUNNING, _S.CANCELLED, _S.EXPIRED}),
    _S.RUNNING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELLED, _S.EXPIRED, _S.SNOOZED, _S.QUEUED}),
    _S.SNOOZED: frozenset({_S.QUEUED, _S.CANCELLED, _S.EXPIRED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset({_S.QUEUED}),  # a person replays a dead letter
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
}


class Constraints(BaseModel):
    """What must hold for every target, also after a fallback. providers: the only ones allowed; empty is any.

    max_cost_usd: what the job may cost over all its calls. None is asked that could exceed it, nor one whose price is
    unknown. If the request names no `max_tokens`, it gets `cost_cap.ANSWER_TOKENS`. A dead letter that is replayed
    begins with nothing spent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    local_only: bool = False
    free_only: bool = False
    providers: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    min_context_tokens: int | None = Field(default=None, ge=1)
    max_cost_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class CallLimits(BaseModel):
    """Limits of each call, in seconds (workers/providers/endpoint.py says what of); None is as without it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    connect_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    first_token_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    idle_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    total_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    def said(self) -> dict[str, float]:
        return self.model_dump(exclude_none=True)


class JobSpec(BaseModel):
    """A job as it is handed in.

    complexity: a score from 1 to 10 or the name of a band; None lets the scorer decide. provider, model, chain, route:
    where it must run, from narrow to wide; none of them leaves it to the lane. chain: `provider` or `provider/model`,
    in order. user: whose preference counts where neither the job, its agent nor its task type says more. priority:
    `interactive` jobs come first. deadline_s: seconds from submission. idempotency_key: a second submission with the
    same key returns the first job. judge: who looks at the answer (`python-tests`, `json` …). max_attempts: over all
    targets; None is the fleet's policy. custom_id: the caller's own name for it within a batch. stream: the answer can
    be read while it is made. timeouts: of each of its calls, in place of the configured ones. cache: whether it may be
    given the answer to the same request that was asked before, and its own be given again; None is for its task type
    to say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: Request
    task_type: str = DEFAULT_TASK_TYPE
    complexity: Annotated[int, Field(ge=1, le=10)] | Band | None = None
    agent: str = Field(default=NO_AGENT, min_length=1, max_length=64)
    user: str | None = Field(default=None, min_length=1, max_length=64)
    provider: str | None = None
    model: str | None = None
    chain: tuple[str, ...] = ()
    route: str | None = None
    constraints: Constraints = Constraints()
    priority: Priority = Priority.INTERACTIVE
    deadline_s: float = Field(default=DEFAULT_DEADLINE_S, gt=0, le=_LONGEST_S, allow_inf_nan=False)
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=256)
    judge: JudgeName | None = None
    max_attempts: int | None = Field(default=None, ge=1, le=100)
    custom_id: str | None = Field(default=None, max_length=512)
    stream: bool = False
    timeouts: CallLimits = CallLimits()
    cache: bool | None = None
    metadata: dict[str, str] = Field(default_factory=dict)

    @property
    def capped(self) -> bool:
        """Whether it may not cost more than so much."""
        return self.constraints.max_cost_usd is not None

    @field_validator("complexity", mode="wrap")
    @classmethod
    def _level(cls, value: object, check: ValidatorFunctionWrapHandler) -> object:
        """Raises one error in place of one for each form that it could have had."""
        try:
            return check(value.strip().lower().replace("_", "-") if isinstance(value, str) else value)
        except ValidationError:
            raise ValueError(f"a number from 1 to 10, or one of {', '.join(Band)}; not {value!r}") from None

    @classmethod
    def from_prompt(
        cls, prompt: str, *, system: str | None = None, max_tokens: int | None = None, **fields: object
    ) -> Self:
        """A job of one user message."""
        request = Request.from_prompt(prompt, system=system, max_tokens=max_tokens)
        return cls.model_validate({"request": request, **fields})


#: The outcome of an attempt whose end came when another worker had the job: it may have cost, and does not count.
LEASE_LOST = "lease_lost"
#: The outcome of an attempt whose worker died: what it had bought, if anything, is lost.
WORKER_DIED = "worker_died"

#: In place of the source of a cost: the call was sent, and nobody has seen what was charged for it, if anything.
UNSEEN = "unseen"

_FAULTS = frozenset(Fault)


class Attempt(BaseModel):
    """One entry of the ledger: one call of one target. Times in seconds.

    outcome: `succeeded`, the fault's name, `cancelled`, `lease_lost`, or `worker_died`, of which a target is known if
    limits had a reservation for it.
    input_tokens: all input, cached_read_tokens and cache_write_tokens are parts of it. output_tokens: all output,
    reasoning_tokens is part of it. counted_by: who counted them. status, code: the HTTP status and the provider's own
    code of a failure, None if there was none. fallback: another target had failed the job before.
    cost_source: as in `Usage`, or UNSEEN; presumed_usd: what budgets and caps take it to have cost then, None if nobody
    knows the price.
    answered_by: the target that answered in place of `target`, which a gateway chose, or a server of ours that has not
    the model; '' if it was none other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    epoch: int
    target: str
    outcome: str
    message: str = ""
    status: int | None = None
    code: str | None = None
    node: str = ""
    started_at: float = 0.0
    total_s: float = 0.0
    first_token_s: float | None = None
    queue_wait_s: float | None = None
    input_tokens: int = 0
    cached_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    counted_by: Literal["provider", "estimate"] = "provider"
    cost_usd: float | None = None
    cost_source: str | None = None
    price_version: str | None = None
    presumed_usd: float | None = None
    fallback: bool = False
    answered_by: str = ""

    @property
    def served_by(self) -> str:
        """The target that answered, or that was asked."""
        return self.answered_by or self.target

    @property
    def bought(self) -> bool:
        """Whether it got an answer, which may have cost something, be it a good one or not; or nobody knows that."""
        return self.cost_source is not None or self.input_tokens + self.output_tokens > 0

    @property
    def uncached_tokens(self) -> int:
        return max(0, self.input_tokens - self.cached_read_tokens - self.cache_write_tokens)

    @property
    def visible_tokens(self) -> int:
        return max(0, self.output_tokens - self.reasoning_tokens)

    @property
    def failed(self) -> bool:
        """Whether its target failed it, rather than answered it or was stopped."""
        return self.outcome in _FAULTS


@dataclass(frozen=True, slots=True)
class Job:
    """The record of a job as it stands in Redis.

    queue: where it waits or last waited. chain: its own targets, empty if the lane's route serves it. tried: targets
    that failed it. epoch: counts its leases; a commit must carry the current one. attempts: calls made so far. since:
    ledger entries up to this epoch are from before it was handed in again. deaths: workers that died with it.
    queue_wait_s: how long it last waited. created_at, deadline_at, finished_at: seconds since 1970 on Redis' clock.
    put_back: why a worker put it back, '' once it runs again. reason: why it ended as it did.
    """

    id: str
    state: JobState
    task_type: str
    queue: str
    priority: Priority
    complexity: int
    agent: str
    created_at: float
    deadline_at: float
    lane: str
    chain: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    epoch: int = 0
    attempts: int = 0
    since: int = 0
    deaths: int = 0
    owner: str = ""
    batch: str = ""
    custom_id: str = ""
    put_back: str = ""
    reason: str = ""
    started_at: float | None = None
    finished_at: float | None = None
    queue_wait_s: float | None = None
    cancel_asked: bool = False
    canvas: str = ""
    stream: bool = False
