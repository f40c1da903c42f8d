"""What a fault is: a name, what it strikes, and the effect it has there."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..answer import Answer
from ..ask import GENERATION, Ask, Operation
from ..dialects.dialect import Listing, Pull
from ..problem import Problem
from ..script import Script
from ..timing import Timing

EVERYTHING = frozenset(Operation)

#: Names of dialects; that of OpenAI stands for its flavours too.
ALL = frozenset({"openai", "ollama", "anthropic", "gemini", "cohere", "ruvllm"})
JSON = ALL - {"ruvllm"}
SSE = frozenset({"openai", "anthropic", "gemini", "cohere"})
OPENAI = frozenset({"openai"})
OLLAMA = frozenset({"ollama"})
ANTHROPIC = frozenset({"anthropic"})
GEMINI = frozenset({"gemini"})
COHERE = frozenset({"cohere"})


class Severance(StrEnum):
    """What happens to connections instead of an answer."""

    REFUSE = "refuse"  #: nobody listens; what is connected is reset
    JAM = "jam"  #: the listener accepts nobody, and its queue is full
    RESET = "reset"
    HANG = "hang"


@dataclass(frozen=True, slots=True)
class Sever:
    how: Severance


@dataclass(frozen=True, slots=True)
class Respond:
    """Another reply in place of the answer; the problem from the amount and the request."""

    problem: Callable[[float, Ask | None], Problem]


@dataclass(frozen=True, slots=True)
class Alter:
    """Another answer."""

    change: Callable[[Answer, float], Answer]


@dataclass(frozen=True, slots=True)
class Slow:
    change: Callable[[Timing, float], Timing]


@dataclass(frozen=True, slots=True)
class Reframe:
    """The same answer, sent in another way."""

    change: Callable[[Script, float], Script]


@dataclass(frozen=True, slots=True)
class BreakOff:
    """A stream that ends with an error after this share of its frames."""

    share: float = 0.5


@dataclass(frozen=True, slots=True)
class ListAs:
    form: Listing


@dataclass(frozen=True, slots=True)
class PullAs:
    form: Pull


Effect = Sever | Respond | Alter | Slow | Reframe | BreakOff | ListAs | PullAs


@dataclass(frozen=True, slots=True)
class Amount:
    """The number that a fault can be given as `amount=`: what it means, with its unit, and what it is by default."""

    meaning: str
    default: float


def _always(_: Ask) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Fault:
    """row: its row in the catalogue, F1 to F23. hits: the operations it strikes; applies: and among them, which
    requests. rate: the share of requests it strikes unless another is given. alternates: strikes only in the first half
    of each period of `amount` seconds.
    """

    name: str
    row: str
    summary: str
    effect: Effect
    hits: frozenset[Operation] = GENERATION
    dialects: frozenset[str] = ALL
    applies: Callable[[Ask], bool] = _always
    amount: Amount | None = None
    rate: float = 1.0
    alternates: bool = False


def streamed(ask: Ask) -> bool:
    return ask.stream
