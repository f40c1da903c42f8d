"""What a call will cost, before it is made; and what those before it have cost."""

from dataclasses import dataclass
from typing import Self

from ...tasks.answer import Usage
from ...tasks.request import Request
from ..endpoints.pricing import Pricing

#: Tokens of an answer without a limit of its own, about.
_ANSWER_TOKENS = 500


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """output_tokens: the most that the request permits, else what answers usually have. cost_usd: None is unknown.

    price_version: whose prices they are, and of when.
    """

    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    price_version: str | None = None


def estimated_cost(pricing: Pricing, model: str, request: Request, input_tokens: int) -> CostEstimate:
    """input_tokens: counted or estimated."""
    exit_ = 0 if request.kind == "embedding" else request.max_tokens or _ANSWER_TOKENS
    usage = pricing.of_usage(Usage(input_tokens=input_tokens, output_tokens=exit_, source="estimate"), model)
    return CostEstimate(input_tokens, exit_, usage.cost_usd, usage.price_version)


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls have used. cost_usd: of those whose cost is known; unpriced: how many are not among them."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0

    def with_call(self, usage: Usage) -> Self:
        return type(self)(
            self.calls + 1,
            self.input_tokens + usage.input_tokens,
            self.output_tokens + usage.output_tokens,
            self.cost_usd + (usage.cost_usd or 0.0),
            self.unpriced + (usage.cost_usd is None),
        )
