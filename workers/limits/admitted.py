"""A call that the limits let through, and what it has used in the end."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...routing.calibration import Estimated
from ...routing.failure import Failure, Fault
from ...routing.limits import Limit, Slots
from ...routing.reservation import Denied, Used
from ...tasks.answer import Answer, Usage
from ..attempts.lost_call import LostCall, may_be_billed
from ..providers.sending import Sending
from .budgets import NANO_PER_USD
from .words import used_up

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
        super().__init__(used_up(denied.key, denied.wait_s))
        self.denied = denied


@dataclass(slots=True)
class Admitted:
    """A call that may be made in `wait_s`. used: what it has used by now, as far as is known. Tell it how it went.

    id: of its reservation. kind: whose answers tell how long its own will be. headers: of the last reply.
    estimated: its input, if anybody needs to know. counted: by the provider, once it has answered; 0 if it counts none.
    may_cost: nano-dollars, None if nobody knows its price; asked of a call whose bill nobody has seen.
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
    may_cost: Callable[[], int | None] = lambda: 0

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

    def broke_off(self, paid: Answer | None, failure: Failure | None, sending: Sending) -> LostCall | None:
        """What is lost with it. paid: what had come by then. failure: None if it was stopped.

        What never arrived uses nothing, and refused calls no tokens. Of all others nobody knows, and it stays reserved.
        """
        self.failure = failure
        if paid is not None:
            self.used = Used(1, paid.usage.input_tokens + paid.usage.output_tokens, None, _nano_usd(paid.usage))
            return None
        if not sending.arrived:
            self.unsent()
            return None
        tokens = 0 if failure is not None and failure.fault in _REFUSED else None
        nano_usd = self.may_cost() if may_be_billed(sending, failure) else 0
        self.used = Used(tokens=tokens, nano_usd=nano_usd)
        return None if nano_usd == 0 else LostCall(None if nano_usd is None else nano_usd / NANO_PER_USD)


def _nano_usd(usage: Usage) -> int | None:
    return None if usage.cost_usd is None else math.floor(usage.cost_usd * NANO_PER_USD + 0.5)
