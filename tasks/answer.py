"""What a model answered, in one normal form for every provider (normalisation rules: C.18 of the wire formats)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from .request import ToolCall


class FinishReason(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    CONTEXT_OVERFLOW = "context_overflow"
    ERROR = "error"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Usage(BaseModel):
    """Tokens of one attempt.

    input_tokens: all input, cached included. cached_read_tokens, cache_write_tokens: parts of it.
    cache_write_1h_tokens: of those written, what is kept for an hour, which has its own price (Anthropic).
    output_tokens: all output, reasoning included. billed_input_tokens, billed_output_tokens: what is charged for, where
    the provider says that it is another number (Cohere). source: counted by the provider, or estimated by us.
    cost_usd: what the attempt cost; None is unknown, never 0. cost_source: `receipt` (the provider says so), `table`
    (price table times the provider's counts), `estimate` (price table times our estimate), `local` (no price),
    `cache` (the answer to the same request as before).
    price_version: whose prices a table was, and of when: `genai-prices 0.2.3`, `configuration`; None if none was used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: int = 0
    cached_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    billed_input_tokens: int | None = None
    billed_output_tokens: int | None = None
    source: Literal["provider", "estimate"] = "provider"
    cost_usd: float | None = None
    cost_source: Literal["receipt", "table", "estimate", "local", "cache"] | None = None
    price_version: str | None = None


@dataclass(frozen=True, slots=True)
class ToolFragment:
    """A piece of a tool call. index: which call it belongs to. id and name come once, arguments in pieces."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Answer(BaseModel):
    """A complete answer.

    text: the answer without reasoning. embeddings: one vector an input, in the order of the inputs.
    provider, model: who answered (the model as the provider names it). request_id: the provider's id of the call.
    first_token_s: seconds to the first token, which may come with all others; None if none was asked for before the
    last. total_s: seconds of the call.
    body: the provider's own JSON, only if the request said `keep_body`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    embeddings: tuple[tuple[float, ...], ...] = ()
    finish_reason: FinishReason = FinishReason.UNKNOWN
    raw_finish_reason: str | None = None
    usage: Usage = Usage()
    provider: str = ""
    model: str = ""
    request_id: str | None = None
    first_token_s: float | None = None
    total_s: float | None = None
    body: dict[str, Any] | None = None

    @property
    def tool_fragments(self) -> tuple[ToolFragment, ...]:
        """Each tool call in one piece."""
        calls = enumerate(self.tool_calls)
        return tuple(ToolFragment(at, call.id, call.function.name, call.function.arguments) for at, call in calls)
