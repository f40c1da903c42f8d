"""Whole answers of Cohere's API."""

import json
from collections.abc import Iterator

from ...answer import Answer, Choice, Finish, UsageForm
from ...ask import Ask
from ...exchange import Exchange
from ...narrowing import Json

_REASONS = {
    Finish.STOP: "COMPLETE",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.TOOL_CALLS: "TOOL_CALL",
    Finish.CONTENT_FILTER: "ERROR",
}

#: Tokens that frame a prompt and an answer: counted against limits, and not billed.
FRAME_TOKENS = 2


def response(answer: Answer, exchange: Exchange) -> Json:
    choice = answer.choices[0]
    message: Json = {"role": "assistant"}
    if content := list(_content(choice)):
        message["content"] = content
    if choice.call:
        message |= {"tool_calls": [tool_call(choice, exchange)], "tool_plan": plan(choice)}
    body: Json = {"id": exchange.id, "finish_reason": reason(choice), "message": message}
    return body if answer.usage_form is UsageForm.MISSING else body | {"usage": usage(answer)}


def _content(choice: Choice) -> Iterator[Json]:
    if choice.reasoning:
        yield {"type": "thinking", "thinking": choice.reasoning}
    if text := choice.text or choice.refusal:
        yield {"type": "text", "text": text}


def reason(choice: Choice) -> str:
    return _REASONS[choice.finish]


def plan(choice: Choice) -> str:
    assert choice.call
    return f"I will call {choice.call.name}."


def tool_call(choice: Choice, exchange: Exchange) -> Json:
    assert choice.call
    function = {"name": choice.call.name, "arguments": json.dumps(choice.call.arguments, ensure_ascii=False)}
    return {"id": f"{choice.call.name}_{exchange.id}", "type": "function", "function": function}


def usage(answer: Answer) -> Json:
    billed = {
        "input_tokens": max(answer.prompt_tokens - FRAME_TOKENS, 1),
        "output_tokens": max(answer.completion_tokens - FRAME_TOKENS, 0),
    }
    counted = {"input_tokens": answer.prompt_tokens, "output_tokens": answer.completion_tokens}
    return {"billed_units": billed, "tokens": counted, "cached_tokens": 0}


def embeddings(ask: Ask, answer: Answer, exchange: Exchange) -> Json:
    meta: Json = {"api_version": {"version": "2"}}
    if answer.usage_form is not UsageForm.MISSING:
        meta["billed_units"] = {"input_tokens": answer.prompt_tokens}
    return {
        "id": exchange.id,
        "embeddings": {"float": answer.vectors},
        "texts": ask.inputs,
        "response_type": "embeddings_by_type",
        "meta": meta,
    }
