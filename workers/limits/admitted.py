"""A call that the limits let through, and what it has used in the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...routing.failure import Failure, Fault
from ...routing.limits import Limit, Slots
from ...routing.reservation import Denied, Used
from ...tasks.answer import Answer, Usage

#: The provider refuses the call, and counts it, but no tokens.
_REFUSED = frozenset(
    {
        Fault.RATE_LIMITED,
        Fault.QUOTA_EXHAUSTED,
        Fault.AUTH,
        Fault.MODEL_NOT_FOUND,
        Fault.CONTEXT_OVERFLOW,
        Fault.BAD_REQUEST,
        Fault.OVERLOADED,
    }
)
_UNSENT = Used(requests=0, tokens=0)


class NotAdmitted(Exception):
    """A limit has no room for the call now; `denied` says which, and for how long."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(f"{denied.key}: nothing is left for {denied.wait_s:.1f} s")
        self.denied = denied


@dataclass(slots=True)
class Admitted:
    """A call that may be made in `wait_s`. used: what it has used by now, as far as is known. Tell it how it went.

    id: of its reservation. kind: whose answers tell how long its own will be. headers: of the last reply.
    """

    id: str
    model: str
    kind: str
    limits: tuple[Limit, ...]
    wait_s: float = 0.0
    used: Used = _UNSENT
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: Failure | None = None

    @property
    def slots(self) -> str:
        """The key of the slots of which it has one; "" if there are none."""
        return next((limit.key for limit in self.limits if isinstance(limit, Slots)), "")

    def sent(self) -> None:
        self.used = Used()

    def unsent(self) -> None:
        self.used = _UNSENT

    def replied(self, headers: Mapping[str, str]) -> None:
        self.headers = headers

    def answered(self, usage: Usage) -> None:
        self.used = Used(1, usage.input_tokens + usage.output_tokens, usage.output_tokens)

    def broke_off(self, paid: Answer | None, failure: Failure | None) -> None:
        """paid: what had come by then. Refused calls cost no tokens; of others nobody knows, and it stays reserved.

        failure: None if it was stopped.
        """
        self.failure = failure
        refused = failure is not None and failure.fault in _REFUSED
        if paid is not None:
            self.used = Used(1, paid.usage.input_tokens + paid.usage.output_tokens)
        else:
            self.used = Used(tokens=0) if refused else Used()
