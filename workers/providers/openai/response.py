"""An answer out of OpenAI's words: complete bodies of chats, completions and embeddings (C.5, C.11 to C.13)."""

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping
from typing import Any

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, FinishReason, Usage
from ....tasks.request import FunctionCall, Request, ToolCall
from ..dialect import Ask, Reply
from ..embeddings import embedded
from ..error_body import error_in
from ..faults import failure_in
from ..json_fields import count, mapping, mappings, number, sequence, text
from ..think_tags import Split, split_think
from .usage import estimated_usage, usage_in

_FINISH: Mapping[str, FinishReason] = {
    "stop": FinishReason.STOP,
    "eos": FinishReason.STOP,  # Together
    "length": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,  # Mistral
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
}


def answer_in(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    """The answer in a complete body, which may be put together from a stream."""
    error = error_in(body)
    if error is not None:
        return failure_in(error, reply)
    if ask.request.kind == "embedding":
        return _embedding_answer(ask, body, reply)
    choice = next((c for c in mappings(body.get("choices")) if count(c.get("index")) == 0), None)
    if choice is None:
        return Failure(Fault.SERVER, "the answer has no choices", status=reply.status)
    if (error := error_in(choice)) is not None:
        return failure_in(error, reply)
    if choice.get("finish_reason") == "error":
        return Failure(Fault.SERVER, "the provider ended the answer with an error", status=reply.status, code="error")
    return _choice_answer(ask, body, choice, reply)


def _choice_answer(ask: Ask, body: dict[str, Any], choice: dict[str, Any], reply: Reply) -> Answer:
    message = mapping(choice.get("message"))
    content, thought = content_of(message.get("content", choice.get("text")))
    split = Split(content) if wants_tags(ask.request) else split_think(content)
    reasoning = reasoning_in(message) + thought + split.reasoning
    refusal = text(message.get("refusal"))
    calls = _tool_calls(message)
    return Answer(
        text=split.text or refusal,
        reasoning=reasoning,
        tool_calls=calls,
        finish_reason=_finish(choice, calls, refusal),
        raw_finish_reason=text(choice.get("native_finish_reason")) or text(choice.get("finish_reason")) or None,
        usage=_usage(ask, body, split.text + reasoning),
        **_told(ask, body, reply),
    )


def _told(ask: Ask, body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """What every answer says of itself."""
    return {
        "provider": ask.provider,
        "model": text(body.get("model")) or ask.model,
        "request_id": reply.headers.get("x-request-id") or text(body.get("id")) or None,
        "body": body if ask.request.keep_body else None,
    }


def wants_tags(request: Request) -> bool:
    """Whether the caller asked Groq to leave the reasoning where the model wrote it."""
    return request.extra.get("reasoning_format") == "raw"


def content_of(content: object) -> tuple[str, str]:
    """Text and reasoning of a message's content: a text, or Mistral's parts."""
    if isinstance(content, str):
        return content, ""
    parts = mappings(content)
    said = "".join(text(part.get("text")) for part in parts if part.get("type") == "text")
    thought = "".join(
        text(piece.get("text"))
        for part in parts
        if part.get("type") == "thinking"
        for piece in mappings(part.get("thinking"))
    )
    return said, thought


def reasoning_in(message: dict[str, Any]) -> str:
    """vLLM, Groq, OpenRouter and Ollama say `reasoning`; DeepSeek and older vLLM `reasoning_content`."""
    return text(message.get("reasoning")) or text(message.get("reasoning_content"))


def _tool_calls(message: dict[str, Any]) -> tuple[ToolCall, ...]:
    calls = mappings(message.get("tool_calls"))
    legacy = mapping(message.get("function_call"))
    if not calls and legacy:
        calls = [{"function": legacy}]
    return tuple(_tool_call(call, at) for at, call in enumerate(calls))


def _tool_call(call: dict[str, Any], at: int) -> ToolCall:
    function = mapping(call.get("function"))
    arguments = function.get("arguments")
    as_text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return ToolCall(
        id=text(call.get("id")) or f"call_{at}",
        function=FunctionCall(name=text(function.get("name")), arguments=as_text),
    )


def _finish(choice: dict[str, Any], calls: tuple[ToolCall, ...], refusal: str) -> FinishReason:
    finish = _FINISH.get(text(choice.get("finish_reason")), FinishReason.UNKNOWN)
    if finish is not FinishReason.STOP:
        return finish
    if refusal:
        return FinishReason.REFUSAL
    return FinishReason.TOOL_CALLS if calls else finish


def _usage(ask: Ask, body: dict[str, Any], output: str) -> Usage:
    return usage_in(ask.row, body) or estimated_usage(ask.row, ask.request, output)


def _embedding_answer(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    """One vector an input, whatever order they were sent in."""
    items = mappings(body.get("data"))
    vectors = {int(number(item.get("index")) or 0): _vector(item.get("embedding")) for item in items}
    ordered = [vectors.get(at, ()) for at in range(len(ask.request.input))]
    return embedded(ask, reply, ordered, _usage(ask, body, ""), sent=len(items), **_told(ask, body, reply))


def _vector(embedding: object) -> tuple[float, ...]:
    """A list of numbers, or base64 of little-endian 32-bit floats; empty if it is neither."""
    try:
        if isinstance(embedding, str):
            packed = base64.b64decode(embedding, validate=True)
            values = struct.unpack(f"<{len(packed) // 4}f", packed)
        else:
            values = tuple(map(float, sequence(embedding)))
    except (binascii.Error, struct.error, TypeError, ValueError):
        return ()
    return values if all(map(math.isfinite, values)) else ()
