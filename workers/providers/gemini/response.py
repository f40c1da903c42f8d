"""An answer out of Gemini's words: complete bodies of answers and embeddings (C.7)."""

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
from ..json_fields import first, mapping, mappings, parse, text, vector
from .failure import failure_in
from .usage import usage_of

_FILTERED = (
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
)
_FINISH: Mapping[str, FinishReason] = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    **dict.fromkeys(_FILTERED, FinishReason.CONTENT_FILTER),
}
#: Ends that leave no answer: what the model wrote could not be used, or the server gave up.
_FAULTS: Mapping[str, Fault] = {
    "MALFORMED_FUNCTION_CALL": Fault.BAD_OUTPUT,
    "MALFORMED_RESPONSE": Fault.BAD_OUTPUT,
    "UNEXPECTED_TOOL_CALL": Fault.BAD_OUTPUT,
    "TOO_MANY_TOOL_CALLS": Fault.BAD_OUTPUT,
    "MISSING_THOUGHT_SIGNATURE": Fault.BAD_REQUEST,
    "LANGUAGE": Fault.BAD_REQUEST,
    "OTHER": Fault.SERVER,
}


def decoded(ask: Ask, reply: Reply) -> Answer | Failure:
    value = parse(reply.body)
    error = error_in(value)
    if error is not None:
        return failure_in(error, reply)
    body = mapping(value)
    if not body:
        return Failure(Fault.SERVER, "the answer is no JSON object", status=reply.status)
    return answer_in(ask, body, reply)


def answer_in(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    """The answer in a complete body, which may be put together from a stream."""
    if ask.request.kind == "embedding":
        return _embedding_answer(ask, body, reply)
    candidates = mappings(body.get("candidates"))
    if not candidates:
        return _no_candidate(body, reply)
    candidate = first([each for each in candidates if each.get("index", 0) == 0]) or candidates[0]
    ended = text(candidate.get("finishReason"))
    if ended in _FAULTS:
        told = text(candidate.get("finishMessage"))
        message = f"the provider ended the answer with {ended}" + (f": {told}" if told else "")
        return Failure(_FAULTS[ended], message, status=reply.status, code=ended)
    return _text_answer(ask, body, candidate)


def _no_candidate(body: dict[str, Any], reply: Reply) -> Failure:
    """A blocked prompt, or an answer that is none."""
    reason = text(mapping(body.get("promptFeedback")).get("blockReason"))
    if reason:
        return Failure(Fault.CONTENT_FILTERED, f"the prompt was blocked: {reason}", status=reply.status, code=reason)
    return Failure(Fault.SERVER, "the answer has no candidates", status=reply.status)


def _text_answer(ask: Ask, body: dict[str, Any], candidate: dict[str, Any]) -> Answer:
    parts = mappings(mapping(candidate.get("content")).get("parts"))
    said = "".join(text(part.get("text")) for part in parts if not part.get("thought"))
    thought = "".join(text(part.get("text")) for part in parts if part.get("thought"))
    called = [mapping(part.get("functionCall")) for part in parts if mapping(part.get("functionCall"))]
    calls = tuple(tool_call(call, at) for at, call in enumerate(called))
    finish = _FINISH.get(text(candidate.get("finishReason")), FinishReason.UNKNOWN)
    return Answer(
        text=said,
        reasoning=thought,
        tool_calls=calls,
        finish_reason=FinishReason.TOOL_CALLS if calls and finish is FinishReason.STOP else finish,
        raw_finish_reason=text(candidate.get("finishReason")) or None,
        usage=_usage(ask, body, said + thought),
        provider=ask.provider,
        model=text(body.get("modelVersion")) or ask.model,
        request_id=text(body.get("responseId")) or None,
    )


def tool_call(call: dict[str, Any], at: int) -> ToolCall:
    """Gemini sends a call in one piece, and most of its models give it no id."""
    arguments = json.dumps(mapping(call.get("args")), ensure_ascii=False)
    return ToolCall(
        id=text(call.get("id")) or f"call_{at}",
        function=FunctionCall(name=text(call.get("name")), arguments=arguments),
    )


def _usage(ask: Ask, body: dict[str, Any], output: str) -> Usage:
    counted = mapping(body.get("usageMetadata"))
    return usage_of(counted) if counted else estimated_usage(ask.row, ask.request, output)


def _embedding_answer(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    items = mappings(body.get("embeddings")) or [mapping(body.get("embedding"))]
    return embedded(ask, reply, [vector(item.get("values")) for item in items], _usage(ask, body, ""))
