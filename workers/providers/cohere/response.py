"""An answer out of Cohere's words: complete bodies of chats and embeddings (C.8)."""

import json
from collections.abc import Mapping
from typing import Any

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, FinishReason, Usage
from ....tasks.request import FunctionCall, ToolCall
from ..dialect import Ask, Reply
from ..embeddings import embedded
from ..error_body import error_in
from ..estimates import estimated_usage
from ..faults import failure_in
from ..json_fields import mapping, mappings, sequence, text, vector
from .usage import usage_of

_FINISH: Mapping[str, FinishReason] = {
    "COMPLETE": FinishReason.STOP,
    "STOP_SEQUENCE": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "TOOL_CALL": FinishReason.TOOL_CALLS,
}
_FAULTS: Mapping[str, Fault] = {"ERROR": Fault.SERVER, "TIMEOUT": Fault.SERVER}


def answer_in(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    """The answer in a complete body, which may be put together from a stream."""
    ended = text(body.get("finish_reason"))
    if ended in _FAULTS:
        told = text(body.get("error"))
        words = f"the provider ended the answer with {ended}" + (f": {told}" if told else "")
        return Failure(_FAULTS[ended], words, status=reply.status, code=ended)
    error = error_in(body)
    if error is not None:
        return failure_in(error, reply)
    if ask.request.kind == "embedding":
        return _embedding_answer(ask, body, reply)
    message = mapping(body.get("message"))
    if not message:
        return Failure(Fault.SERVER, "the answer has no message", status=reply.status)
    return _text_answer(ask, body, message)


def _text_answer(ask: Ask, body: dict[str, Any], message: dict[str, Any]) -> Answer:
    """What the model plans to do with tools is its reasoning."""
    blocks = mappings(message.get("content"))
    said = "".join(text(block.get("text")) for block in blocks if block.get("type") == "text")
    thought = "".join(text(block.get("thinking")) for block in blocks if block.get("type") == "thinking")
    reasoning = thought + text(message.get("tool_plan"))
    calls = tuple(_tool_call(call, at) for at, call in enumerate(mappings(message.get("tool_calls"))))
    return Answer(
        text=said or text(message.get("content")),
        reasoning=reasoning,
        tool_calls=calls,
        finish_reason=_FINISH.get(text(body.get("finish_reason")), FinishReason.UNKNOWN),
        raw_finish_reason=text(body.get("finish_reason")) or None,
        usage=_usage(ask, body, said + reasoning),
        provider=ask.provider,
        model=ask.model,
        request_id=text(body.get("id")) or None,
    )


def _tool_call(call: dict[str, Any], at: int) -> ToolCall:
    function = mapping(call.get("function"))
    arguments = function.get("arguments")
    as_text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    return ToolCall(
        id=text(call.get("id")) or f"call_{at}",
        function=FunctionCall(name=text(function.get("name")), arguments=as_text or "{}"),
    )


def _usage(ask: Ask, body: dict[str, Any], output: str) -> Usage:
    counted = mapping(body.get("usage")) or mapping(body.get("meta"))
    return usage_of(counted) if counted else estimated_usage(ask.row, ask.request, output)


def _embedding_answer(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    told = body.get("embeddings")
    vectors = [vector(values) for values in sequence(mapping(told).get("float", told))]
    return embedded(ask, reply, vectors, _usage(ask, body, ""), request_id=text(body.get("id")) or None)
