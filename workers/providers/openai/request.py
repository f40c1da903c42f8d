"""A request in OpenAI's words: chat completions, completions and embeddings (C.5 of the wire formats)."""

from collections.abc import Mapping
from typing import Any

from ....tasks.request import Message, Request
from ..dialect import Ask
from ..json_fields import mapping
from ..rows import Row

PATHS: Mapping[str, str] = {"chat": "chat/completions", "completion": "completions", "embedding": "embeddings"}


def encoded(ask: Ask) -> dict[str, Any]:
    """The JSON body of the call. `extra` wins over what we would say, and the row's `always` loses to both."""
    request = ask.request
    body: dict[str, Any] = {"model": ask.model}
    if request.kind == "embedding":
        body |= _without_none({"input": list(request.input), "dimensions": request.dimensions})
        return body | request.extra
    if request.kind == "completion":
        body["prompt"] = request.prompt
    else:
        body |= dict(ask.row.always) | {"messages": [_message(ask.row, message) for message in request.messages]}
    extra = {name: value for name, value in request.extra.items() if name != "stream_options"}
    return body | _without_none(_parameters(ask.row, request)) | extra | _streaming(ask)


def to_count(ask: Ask) -> dict[str, Any]:
    """The body that asks vLLM how many tokens the request is."""
    counted = {name: value for name, value in encoded(ask).items() if name in ("model", "messages", "prompt", "tools")}
    return counted if ask.request.kind != "embedding" else {**counted, "prompt": "\n".join(ask.request.input)}


def _parameters(row: Row, request: Request) -> dict[str, Any]:
    limit = row.max_tokens_field if request.kind == "chat" else "max_tokens"
    shape = request.response_format
    return {
        limit: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k if row.top_k else None,
        row.seed_field: request.seed,
        "stop": list(request.stop) or None,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        "response_format": shape.model_dump(exclude_none=True) if shape else None,
        "tools": list(request.tools) or None,
        "tool_choice": request.tool_choice,
        "reasoning_effort": request.reasoning_effort,
    }


def _streaming(ask: Ask) -> dict[str, Any]:
    """Whether it streams is the caller's decision, whatever `extra` says; a stream without usage cannot be billed."""
    if not ask.stream:
        return {"stream": False}
    return {
        "stream": True,
        "stream_options": mapping(ask.request.extra.get("stream_options")) | {"include_usage": True},
    }


def _message(row: Row, message: Message) -> dict[str, Any]:
    role = "system" if message.role == "developer" and not row.developer_role else message.role
    return {"role": role, "content": _content(message)} | _without_none(
        {
            "name": message.name,
            "tool_calls": [call.model_dump() for call in message.tool_calls] if message.tool_calls else None,
            "tool_call_id": message.tool_call_id,
            "reasoning": message.reasoning if row.reasoning_in else None,
        }
    )


def _content(message: Message) -> str | list[dict[str, Any]] | None:
    if isinstance(message.content, tuple):
        return [part.model_dump(exclude_none=True) for part in message.content]
    return message.content if message.content is not None or message.tool_calls else ""


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
