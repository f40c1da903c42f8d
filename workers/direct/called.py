"""What a program hears of each call that it makes, to watch them. The fleet has its events (`fleet events`)."""

from collections.abc import Callable
from dataclasses import dataclass

from ...routing.failure import Failure
from ...tasks.answer import Answer


@dataclass(frozen=True, slots=True)
class Called:
    """A call has ended: with an answer, priced, or with a failure; with neither if whoever made it left it."""

    provider: str
    model: str
    total_s: float
    answer: Answer | None = None
    failure: Failure | None = None


OnCall = Callable[[Called], None]
