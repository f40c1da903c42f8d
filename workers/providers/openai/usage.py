"""Tokens and cost as OpenAI-compatible providers report them."""

from typing import Any, Literal

from ....routing.tokens import estimate_tokens
from ....tasks.answer import Usage
from ....tasks.request import Request
from ..json_fields import count, mapping, number
from ..rows import Row


def usage_of(row: Row, usage: dict[str, Any]) -> Usage:
    """The provider's count: cached tokens are part of the input, reasoning is part of the output.

    Reasoning may still exceed the output in the provider's own numbers (OpenRouter and Ollama do it); both are kept.
    """
    cost, source = _cost(row, usage)
    of_prompt = mapping(usage.get("prompt_tokens_details"))
    of_completion = mapping(usage.get("completion_tokens_details"))
    return Usage(
        input_tokens=count(usage.get("prompt_tokens")),
        cached_read_tokens=count(of_prompt.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))),
        cache_write_tokens=count(of_prompt.get("cache_write_tokens")),
        output_tokens=count(usage.get("completion_tokens")),
        reasoning_tokens=count(of_completion.get("reasoning_tokens")),
        cost_usd=cost,
        cost_source=source,
    )


def usage_in(row: Row, body: dict[str, Any]) -> Usage | None:
    """What a body, or a chunk of a stream, counts; Groq has its count under another name as well."""
    counted = mapping(body.get("usage")) or mapping(mapping(body.get("x_groq")).get("usage"))
    return usage_of(row, counted) if counted else None


def estimated_usage(row: Row, request: Request, output: str) -> Usage:
    """For an answer that came without a count."""
    cost, source = _cost(row, {})
    return Usage(
        input_tokens=estimate_tokens(request.text),
        output_tokens=estimate_tokens(output),
        source="estimate",
        cost_usd=cost,
        cost_source=source,
    )


def _cost(row: Row, usage: dict[str, Any]) -> tuple[float | None, Literal["receipt", "local"] | None]:
    if row.tier == "local":
        return 0.0, "local"
    charged = _receipt(usage) if row.receipts else None
    return charged, None if charged is None else "receipt"


def _receipt(usage: dict[str, Any]) -> float | None:
    """OpenRouter's charge; with a key of one's own at the upstream, `cost` is only the fee (C.11)."""
    cost = number(usage.get("cost"))
    if cost is None or not usage.get("is_byok"):
        return cost
    upstream = number(mapping(usage.get("cost_details")).get("upstream_inference_cost"))
    return None if upstream is None else cost + upstream
