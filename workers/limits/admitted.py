"""A call that the limits let through, and what it has used in the end."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...routing.calibration import Estimated
from ...routing.failure import Failure, Fault
from ...routing.limits import Limit, Slots
from ...routing.reservation import Denied, Used
from ...tasks.answer import Answer, Usage
from .budgets import NANO_PER_USD, budget_name
from .words import span

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
_UNSENT = Used(requests=0, tokens=0, nano_usd=0)


class NotAdmitted(Exception):
    """A limit has no room for the call now; `denied` says which, and for how long."""

    def __init__(self, denied: Denied) -> None:
        who = budget_name(denied.key) or denied.key
        super().__init__(f"{who}: nothing is left for {span(denied.wait_s)}")
        self.denied = denied


@dataclass(slots=True)
class Admitted:
    """A call that may be made in `wait_s`. used: what it has used by now, as far as is known. Tell it how it went.

    id: of its reservation. kind: whose answers tell how long its own will be. headers: of the last reply.
    estimated: its input, if anybody needs to know. counted: by the provider, once it has answered; 0 if it counts none.
    """

    id: str
    model: str
    kind: str
    limits: tuple[Limit, ...]
    wait_s: float = 0.0
    used: Used = _UNSENT
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: Failure | None = None
    estimated: Estimated | None = None
    counted: int = 0

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
        self.counted = usage.input_tokens if usage.source == "provider" else 0
        self.used = Used(1, usage.input_tokens + usage.output_tokens, usage.output_tokens, _nano_usd(usage))

    def broke_off(self, paid: Answer | None, failure: Failure | None) -> None:
        """paid: what had come by then. failure: None if it was stopped.

        Refused calls use no tokens, and nobody bills an error. Of all others nobody knows, and it stays reserved.
        """
        self.failure = failure
        if paid is not None:
            self.used = Used(1, paid.usage.input_tokens + paid.usage.output_tokens, None, _nano_usd(paid.usage))
        elif failure is not None:
            tokens = 0 if failure.fault in _REFUSED else None
            self.used = Used(tokens=tokens, nano_usd=0 if _is_free(failure) else None)
        else:
            self.used = Used()


def _nano_usd(usage: Usage) -> int | None:
    return None if usage.cost_usd is None else math.floor(usage.cost_usd * NANO_PER_USD + 0.5)


def _is_free(failure: Failure) -> bool:
    """Whether there was no call, or its reply was an error."""
    return failure.fault is Fault.TIMEOUT_CONNECT or (failure.status is not None and failure.status >= 400)
