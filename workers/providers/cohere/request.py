"""A request in the words of version 2 of Cohere's API (C.8 of the wire formats)."""

from typing import Any

from ....tasks.request import Message, Request, TextPart
from ..dialect import Ask
from ..tools import choice_of, function_in, schema_of
from ..turns import messages_of

#: What of `extra` the API knows under the same name.
_PASSED_ON = ("citation_options", "documents", "logprobs", "priority", "safety_mode", "strict_tools", "thinking")
#: What vectors are for, if the request does not say it as `input_type`: texts that will be searched.
_INPUT_TYPE = "search_document"
_BUDGETS = {"minimal": 512, "low": 1024, "medium": 4096, "high": 16_384}


def encoded(ask: Ask) -> dict[str, Any]:
    """The JSON body of a chat."""
    request = ask.request
    body = {"model": ask.model, "messages": [_message(message) for message in messages_of(request)]}
    body |= _parameters(request) | _shape(request) | _tools(request) | _thinking(request)
    return {**body, **_said(request, _PASSED_ON), "stream": ask.stream}


def embedding(ask: Ask) -> dict[str, Any]:
    """An error beats a text that is cut."""
    request = ask.request
    dimensions = {"output_dimension": request.dimensions} if request.dimensions else {}
    return {
        "model": ask.model,
        "texts": list(request.input),
        "input_type": _INPUT_TYPE,
        "embedding_types": ["float"],
        "truncate": "NONE",
        **dimensions,
        **_said(request, ("input_type", "truncate")),
    }


def _said(request: Request, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: request.extra[name] for name in names if name in request.extra}


def _message(message: Message) -> dict[str, Any]:
    role = "system" if message.role == "developer" else message.role
    fields: dict[str, Any] = {"role": role, "content": _content(message)}
    if message.tool_calls:
        fields["tool_calls"] = [call.model_dump() for call in message.tool_calls]
    if message.role == "tool":
        fields["tool_call_id"] = message.tool_call_id or ""
    # A turn that only calls tools has no content, and an empty one is refused.
    return {name: value for name, value in fields.items() if value or name != "content" or not message.tool_calls}


def _content(message: Message) -> str | list[dict[str, Any]]:
    if all(isinstance(part, TextPart) for part in message.parts):
        return message.text
    return [part.model_dump(exclude_none=True) for part in message.parts]


def _parameters(request: Request) -> dict[str, Any]:
    fields = {
        "max_tokens": request.max_tokens,
        "temperature": None if request.temperature is None else min(request.temperature, 1.0),
        "p": request.top_p,
        "k": request.top_k,
        "seed": request.seed,
        "stop_sequences": list(request.stop) or None,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _shape(request: Request) -> dict[str, Any]:
    shape = request.response_format
    if shape is None or shape.type == "text":
        return {}
    schema = schema_of(shape)
    return {"response_format": {"type": "json_object", **({"json_schema": schema} if schema else {})}}


def _tools(request: Request) -> dict[str, Any]:
    """A call of one function is asked for by showing no other: the API cannot name it."""
    choice = choice_of(request)
    only = choice.name if choice else None
    functions = [
        each for tool in request.tools if (each := function_in(tool)) is not None and only in (None, each.name)
    ]
    if not functions:
        return {}
    tools = [
        {
            "type": "function",
            "function": {"name": each.name, "description": each.description, "parameters": each.parameters},
        }
        for each in functions
    ]
    forced = choice is not None and choice.mode != "auto"
    return {"tools": tools, **({"tool_choice": choice.mode.upper()} if choice is not None and forced else {})}


def _thinking(request: Request) -> dict[str, Any]:
    effort = request.reasoning_effort
    if effort is None:
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    budget = {"token_budget": _BUDGETS[effort]} if effort in _BUDGETS else {}
    return {"thinking": {"type": "enabled", **budget}}
