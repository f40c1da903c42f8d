"""A request in the words of Ollama's native API: /api/chat, /api/generate and /api/embed (C.1)."""

import re
from collections.abc import Mapping
from typing import Any

from ....routing.failure import Failure, Fault
from ....tasks.request import ImagePart, Message, Request, ToolCall
from ..context_window import window_for
from ..dialect import Ask, Call
from ..json_fields import mapping, parse

_PATHS: Mapping[str, str] = {"chat": "/api/chat", "completion": "/api/generate", "embedding": "/api/embed"}

#: What of `extra` is Ollama's own, and what is an option under another name.
_PASSED_ON = ("keep_alive", "think", "logprobs", "top_logprobs", "raw", "suffix", "template")
_OPTIONS = {"min_p": "min_p", "typical_p": "typical_p", "repetition_penalty": "repeat_penalty"}
_EFFORTS: Mapping[str, bool | str] = {"none": False, "minimal": "low", "xhigh": "high"}

_DATA_URL = re.compile(r"data:[^,]*;base64,(.+)", re.DOTALL)


def encoded(ask: Ask) -> Call | Failure:
    remote = next((image for image in _images(ask.request) if not _DATA_URL.fullmatch(image)), None)
    if remote is not None:
        return Failure(Fault.BAD_REQUEST, "Ollama takes images as data URLs with base64, not by address")
    body = {"model": ask.model, **_content(ask), **_passed_on(ask.request)}
    return Call("POST", _PATHS[ask.request.kind], body, window=mapping(body.get("options")).get("num_ctx", 0))


def _content(ask: Ask) -> dict[str, Any]:
    request = ask.request
    if request.kind == "embedding":
        dimensions = {"dimensions": request.dimensions} if request.dimensions else {}
        return {"input": list(request.input), "truncate": False, **dimensions}
    # An error beats a prompt that is cut or shifted; servers that know neither field ignore it.
    common = {"options": _options(ask), "stream": ask.stream, "truncate": False, "shift": False, **_shape(request)}
    if request.kind == "completion":
        return {"prompt": request.prompt, **common}
    names = {call.id: call.function.name for message in request.messages for call in message.tool_calls or ()}
    tools = {"tools": list(request.tools)} if request.tools else {}
    return {"messages": [_message(message, names) for message in request.messages], **tools, **common}


def _options(ask: Ask) -> dict[str, Any]:
    request = ask.request
    options = {
        "num_ctx": window_for(request, context_tokens=ask.context_tokens, at_least=ask.window),
        "num_predict": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "seed": request.seed,
        "stop": list(request.stop) or None,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        **{option: request.extra.get(name) for name, option in _OPTIONS.items()},
        **mapping(request.extra.get("options")),
    }
    return {name: value for name, value in options.items() if value is not None}


def _shape(request: Request) -> dict[str, Any]:
    shape, effort = request.response_format, request.reasoning_effort
    fields: dict[str, Any] = {}
    if shape is not None and shape.type != "text":
        fields["format"] = (shape.json_schema or {}).get("schema", "json")
    if effort is not None:
        fields["think"] = _EFFORTS.get(effort, effort)
    return fields


def _passed_on(request: Request) -> dict[str, Any]:
    return {name: request.extra[name] for name in _PASSED_ON if name in request.extra}


def _message(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "role": "system" if message.role == "developer" else message.role,
        "content": message.text,
        "images": [found[1] for image in _images_of(message) if (found := _DATA_URL.fullmatch(image))],
        "tool_calls": [_tool_call(call) for call in message.tool_calls or ()],
        "thinking": message.reasoning,
        "tool_name": names.get(message.tool_call_id or "", message.name) if message.role == "tool" else None,
    }
    return {name: value for name, value in fields.items() if value or name == "content"}


def _tool_call(call: ToolCall) -> dict[str, Any]:
    """Arguments are an object here, and text in OpenAI's words."""
    return {"function": {"name": call.function.name, "arguments": mapping(parse(call.function.arguments))}}


def _images(request: Request) -> list[str]:
    return [image for message in request.messages for image in _images_of(message)]


def _images_of(message: Message) -> list[str]:
    parts = message.content if isinstance(message.content, tuple) else ()
    return [part.image_url.url for part in parts if isinstance(part, ImagePart)]
