"""Whole answers of the Messages API."""

from collections.abc import Iterator

from ...answer import Answer, Choice, Finish, UsageForm
from ...ask import Ask
from ...exchange import Exchange
from ...narrowing import Json

#: A signature is opaque to clients, and has to come back as it was.
SIGNATURE = "c2ltdWxhdGVk"

_REASONS = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.TOOL_CALLS: "tool_use",
    Finish.CONTENT_FILTER: "refusal",
}


def message(ask: Ask, answer: Answer, exchange: Exchange) -> Json:
    choice = answer.choices[0]
    body = opening(ask, exchange) | {"content": list(blocks(choice, exchange)), "stop_reason": reason(choice)}
    return body if answer.usage_form is UsageForm.MISSING else body | {"usage": usage(answer)}


def opening(ask: Ask, exchange: Exchange) -> Json:
    """The message before anything is in it."""
    return {
        "model": ask.model,
        "id": f"msg_{exchange.id}",
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def blocks(choice: Choice, exchange: Exchange) -> Iterator[Json]:
    if choice.reasoning:
        yield {"type": "thinking", "thinking": choice.reasoning, "signature": SIGNATURE}
    if text := choice.text or choice.refusal:
        yield {"type": "text", "text": text}
    if choice.call:
        yield tool_use(choice, exchange) | {"input": choice.call.arguments}


def tool_use(choice: Choice, exchange: Exchange) -> Json:
    assert choice.call
    return {"type": "tool_use", "id": f"toolu_{exchange.id}", "name": choice.call.name, "input": {}}


def reason(choice: Choice) -> str:
    return "refusal" if choice.refusal is not None else _REASONS[choice.finish]


def usage(answer: Answer, *, input_tokens: int | None = None, output_tokens: int | None = None) -> Json:
    """The counts, or others in their place where a stream tells them early."""
    told: Json = {
        "input_tokens": answer.prompt_tokens if input_tokens is None else input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": answer.completion_tokens if output_tokens is None else output_tokens,
        "service_tier": "standard",
    }
    if answer.reasoning_tokens and output_tokens is None:
        told["output_tokens_details"] = {"thinking_tokens": answer.reasoning_tokens}
    return told
