"""What is asked of the limits before a call, what they say, and what is told after it. Pure; `limit_books` decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .limits import Limit

#: Seconds that no wait reaches.
WITHOUT_END_S = 1e9
#: Seconds after which a call that found every slot taken may ask again.
SLOT_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Ask:
    """What a call wants to reserve.

    id: the same for a repeated question, so that a lost reply does no harm. kind: whose answers tell how long this one
    will be. input_tokens: an estimate. answer_cap: the longest answer; answer_guess: its length while none is known.
    patience_s: the longest wait for a pace that it takes, besides what its own size makes necessary. longest_s: the
    longest one in any case. lease_s: for how long its slot is held from its beginning unless it is renewed. pauses:
    keys under which a wait may be noted. input_nano, answer_nano: nano-dollars a token, None if nobody knows.
    answer_paid: tokens of an answer that money is reserved for at least. target: `provider/model`, for whoever finds it
    when its worker has died.
    """

    id: str
    kind: str
    input_tokens: int
    answer_cap: int
    answer_guess: int
    patience_s: float
    lease_s: float
    limits: tuple[Limit, ...] = ()
    pauses: tuple[str, ...] = ()
    input_nano: float | None = 0.0
    answer_nano: float | None = 0.0
    longest_s: float = WITHOUT_END_S
    answer_paid: int = 0
    target: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """The call may begin in `wait_s`. tokens: input and answer, as reserved. nano_usd: what it may cost, too; None if
    its price is unknown.

    crossed: quota key -> how many of its marks are reached now, where that is news; 0: it has begun anew.
    """

    wait_s: float
    tokens: int
    crossed: Mapping[str, int] = field(default_factory=dict[str, int])
    nano_usd: int | None = 0


@dataclass(frozen=True, slots=True)
class Denied:
    """Nothing is reserved. wait_s: ask again then. key: of the limit or pause that makes it wait longest.

    units: what the call would have used of that, if it is a quota.
    """

    wait_s: float
    key: str
    units: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """What a call has used after all. requests: 1, or 0 if it was never sent. tokens, nano_usd: None is as reserved.

    answer_tokens: of a whole answer, None if there was none.
    """

    requests: int = 1
    tokens: int | None = None
    answer_tokens: int | None = None
    nano_usd: int | None = None
