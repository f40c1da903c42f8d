"""What a call may cost at most, beside what its job may cost. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

#: The answer's limit, in tokens, of a job that may not cost more than so much and names none. Its calls are made with
#: it.
ANSWER_TOKENS = 4096
#: Estimates of the input are off by a tenth on average, and writing a provider's cache may cost a quarter more.
INPUT_MARGIN = 1.25


@dataclass(frozen=True, slots=True)
class CostCap:
    """max_usd: what a job may cost over all its calls; spent_usd: what they have cost so far, as far as it is known.

    input_tokens: of one call, estimated. answer_tokens: the most that one call may answer. raised: `provider/model` ->
    how many times as many it has counted lately, where that is more.
    """

    max_usd: float
    input_tokens: int
    answer_tokens: int
    spent_usd: float = 0.0
    raised: Mapping[str, float] = field(default_factory=dict[str, float])

    def objection(
        self, input_usd_per_mtok: float | None, output_usd_per_mtok: float | None, target: str = ""
    ) -> str | None:
        """Why a call at these prices could cost too much, None if it could not. USD for a million tokens."""
        most_usd = self.most_usd(input_usd_per_mtok, output_usd_per_mtok, target)
        if most_usd is None:
            return f"its price is unknown, and the job may cost {usd(self.max_usd)}"
        if most_usd + self.spent_usd <= self.max_usd:
            return None
        spent = f", of which {usd(self.spent_usd)} is spent" if self.spent_usd else ""
        return f"a call may cost {usd(most_usd)}, the job {usd(self.max_usd)}{spent}"

    def most_usd(
        self, input_usd_per_mtok: float | None, output_usd_per_mtok: float | None, target: str = ""
    ) -> float | None:
        """What one call may cost; None if a price that it needs is unknown."""
        if input_usd_per_mtok is None or (output_usd_per_mtok is None and self.answer_tokens):
            return None
        answer_usd = self.answer_tokens * (output_usd_per_mtok or 0.0)
        return (self.most_input_tokens(target) * input_usd_per_mtok + answer_usd) / 1e6

    def most_input_tokens(self, target: str = "") -> int:
        return math.ceil(self.input_tokens * INPUT_MARGIN * self.raised.get(target, 1.0))


def usd(amount: float) -> str:
    """`$0.0125`; millionths are the last that is shown."""
    return f"${amount:.6f}".rstrip("0").rstrip(".")
