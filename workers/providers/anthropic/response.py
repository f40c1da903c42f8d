"""An answer out of Anthropic's words: complete messages (C.6)."""

import json
from collections.abc import Mapping
from typing import Any

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, FinishReason, Usage
from ....tasks.request import FunctionCall, ToolCall
from ..dialect import Ask, Reply
from ..error_body import error_in
from ..estimates import estimated_usage
from ..json_fields import mapping, mappings, text
from .failure import failure_in
from .shape import ANSWER_TOOL, by_tool
from .usage import usage_of

#: `pause_turn` is not among them: a loop of Anthropic's own tools has paused, and goes on if its content is sent back.
#: It is neither a whole answer (`stop`) nor one that a larger `max_tokens` would end (`length`); the raw reason tells.
_FINISH: Mapping[str, FinishReason] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.REFUSAL,
    "model_context_window_exceeded": FinishReason.CONTEXT_OVERFLOW,
}


def answer_in(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    """The answer in a complete message, which may be put together from a stream."""
    error = error_in(body)
    if error is not None:
        return failure_in(error, reply)
    if not isinstance(body.get("content"), list):
        return Failure(Fault.SERVER, "the answer has no content", status=reply.status)
    blocks = mappings(body["content"])
    said = _joined(blocks, "text")
    thought = _joined(blocks, "thinking")
    calls = tuple(_tool_call(block, at) for at, block in enumerate(_of_type(blocks, "tool_use")))
    finish = _FINISH.get(text(body.get("stop_reason")), FinishReason.UNKNOWN)
    if by_tool(ask.model, ask.request.response_format):
        said, calls, finish = _unwrapped(said, calls, finish)
    return Answer(
        text=said,
        reasoning=thought,
        tool_calls=calls,
        finish_reason=finish,
        raw_finish_reason=text(body.get("stop_reason")) or None,
        usage=_usage(ask, body, said + thought),
        provider=ask.provider,
        model=text(body.get("model")) or ask.model,
        request_id=reply.headers.get("request-id") or text(body.get("id")) or None,
    )


def _of_type(blocks: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [block for block in blocks if block.get("type") == kind]


def _joined(blocks: list[dict[str, Any]], kind: str) -> str:
    return "".join(text(block.get(kind)) for block in _of_type(blocks, kind))


def _tool_call(block: dict[str, Any], at: int) -> ToolCall:
    given = block.get("input")
    arguments = given if isinstance(given, str) else json.dumps(mapping(given), ensure_ascii=False)
    return ToolCall(
        id=text(block.get("id")) or f"call_{at}",
        function=FunctionCall(name=text(block.get("name")), arguments=arguments),
    )


def _unwrapped(
    said: str, calls: tuple[ToolCall, ...], finish: FinishReason
) -> tuple[str, tuple[ToolCall, ...], FinishReason]:
    """The arguments of the answer's tool as the text that was asked for."""
    answers = [call for call in calls if call.function.name == ANSWER_TOOL]
    if not answers:
        return said, calls, finish
    others = tuple(call for call in calls if call.function.name != ANSWER_TOOL)
    ended = FinishReason.STOP if finish is FinishReason.TOOL_CALLS and not others else finish
    return answers[0].function.arguments, others, ended


def _usage(ask: Ask, body: dict[str, Any], output: str) -> Usage:
    counted = mapping(body.get("usage"))
    return usage_of(counted) if counted else estimated_usage(ask.row, ask.request, output)
