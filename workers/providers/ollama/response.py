"""An answer out of the words of Ollama's native API, complete bodies (C.1)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....routing.failure import Failure, Fault
from ....routing.tokens import estimate_tokens
from ....tasks.answer import Answer, FinishReason, Usage
from ....tasks.request import FunctionCall, ToolCall
from ..context_window import estimated_input, was_cut, window_for
from ..dialect import Ask, Reply
from ..embeddings import embedded
from ..error_body import ErrorBody, error_in, read_error
from ..faults import failure_in
from ..json_fields import count, mapping, mappings, sequence, text, vector
from ..think_tags import split_think

_FINISH: Mapping[str, FinishReason] = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


def ollama_failure(reply: Reply) -> Failure:
    return failure_of_error(read_error(reply.body), reply)


def failure_of_error(error: ErrorBody, reply: Reply) -> Failure:
    """Ollama sends one sentence and no code; one of its sentences means a parameter that can be left out."""
    failure = failure_in(error, reply)
    return replace(failure, parameter="think") if "does not support thinking" in error.message else failure


def answer_in(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    """The answer in a complete body, which may be put together from a stream."""
    error = error_in(body)
    if error is not None:
        return failure_of_error(error, reply)
    if ask.request.kind == "embedding":
        return _embedding_answer(ask, body, reply)
    counted, window = count(body.get("prompt_eval_count")), _window(ask)
    if was_cut(ask.request, counted=counted, window=window):
        asked = estimated_input(ask.request)
        return Failure(
            Fault.CONTEXT_OVERFLOW,
            f"the prompt was cut: {counted} of about {asked} tokens were read; num_ctx was {window}",
            status=reply.status,
        )
    return _text_answer(ask, body)


def _text_answer(ask: Ask, body: dict[str, Any]) -> Answer:
    message = mapping(body.get("message"))
    split = split_think(text(message.get("content", body.get("response"))))
    reasoning = text(message.get("thinking", body.get("thinking"))) + split.reasoning
    calls = tuple(tool_call(call, at) for at, call in enumerate(mappings(message.get("tool_calls"))))
    finish = _FINISH.get(text(body.get("done_reason")), FinishReason.UNKNOWN)
    return Answer(
        text=split.text,
        reasoning=reasoning,
        tool_calls=calls,
        finish_reason=FinishReason.TOOL_CALLS if calls and finish is FinishReason.STOP else finish,
        raw_finish_reason=text(body.get("done_reason")) or None,
        usage=usage_in(ask, body, split.text + reasoning),
        provider=ask.provider,
        model=text(body.get("model")) or ask.model,
    )


def tool_call(call: dict[str, Any], at: int) -> ToolCall:
    function = mapping(call.get("function"))
    given = function.get("arguments")
    # An object; what stands there as text, as OpenAI has it, is not lost.
    arguments = given if isinstance(given, str) and given else json.dumps(mapping(given), ensure_ascii=False)
    return ToolCall(
        id=text(call.get("id")) or f"call_{at}",
        function=FunctionCall(name=text(function.get("name")), arguments=arguments),
    )


def usage_in(ask: Ask, body: dict[str, Any], output: str) -> Usage:
    """Counts that are zero are left out of the body: the prompt's when all of it was cached."""
    told = "prompt_eval_count" in body and ("eval_count" in body or not output)
    remote = bool(body.get("remote_host") or body.get("remote_model"))  # a cloud model, passed on by the local server
    return Usage(
        input_tokens=count(body.get("prompt_eval_count")) or estimated_input(ask.request),
        output_tokens=count(body.get("eval_count")) or estimate_tokens(output),
        source="provider" if told else "estimate",
        cost_usd=None if remote else 0.0,
        cost_source=None if remote else "local",
    )


def _window(ask: Ask) -> int:
    chosen = mapping(ask.request.extra.get("options")).get("num_ctx")
    return count(chosen) or window_for(ask.request, context_tokens=ask.context_tokens, at_least=ask.window)


def _embedding_answer(ask: Ask, body: dict[str, Any], reply: Reply) -> Answer | Failure:
    vectors = [vector(values) for values in sequence(body.get("embeddings"))]
    return embedded(ask, reply, vectors, usage_in(ask, body, ""), model=text(body.get("model")) or ask.model)
