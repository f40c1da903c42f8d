"""A request in Gemini's words (C.7 of the wire formats)."""

from collections.abc import Mapping
from typing import Any

from ....tasks.request import Message, Request, TextPart, ToolCall
from ..dialect import Ask
from ..images import inline
from ..json_fields import mapping, parse
from ..tools import choice_of, function_in, schema_of
from ..turns import merged, messages_of, spoken, system_of
from .paths import resource
from .thinking import UNSIGNED, thinking_config, wants_signatures

#: What of `extra` the API knows under the same name; for its own tools see `_tools`.
_PASSED_ON = ("cachedContent", "labels", "safetySettings", "serviceTier")
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def encoded(ask: Ask) -> dict[str, Any]:
    """The JSON body of the call."""
    request = ask.request
    config = _config(ask)
    body: dict[str, Any] = {"contents": contents(request, signed=wants_signatures(ask.model))}
    body |= {"systemInstruction": {"parts": [{"text": system}]}} if (system := system_of(request)) else {}
    body |= {"generationConfig": config} if config else {}
    body |= _tools(request)
    return body | {name: request.extra[name] for name in _PASSED_ON if name in request.extra}


def embedding(ask: Ask) -> dict[str, Any]:
    """One request for each text. `task_type` of `extra` says what the vectors are for."""
    request = ask.request
    said = {"outputDimensionality": request.dimensions, "taskType": request.extra.get("task_type")}
    common = {"model": resource(ask.model), **{name: value for name, value in said.items() if value is not None}}
    return {"requests": [{**common, "content": {"parts": [{"text": text}]}} for text in request.input]}


def to_count(ask: Ask) -> dict[str, Any]:
    """The body that asks how many tokens the request is: what is generated has no part in it."""
    counted = {
        name: value for name, value in encoded(ask).items() if name in ("contents", "systemInstruction", "tools")
    }
    return {"generateContentRequest": {"model": resource(ask.model), **counted}}


def contents(request: Request, *, signed: bool = False) -> list[dict[str, Any]]:
    """signed: the model asks for a signature with what a model has called before."""
    names = {call.id: call.function.name for message in messages_of(request) for call in message.tool_calls or ()}
    turns = merged((_role(message), _parts(message, names, signed=signed)) for message in spoken(request))
    return [{"role": role, "parts": parts} for role, parts in turns]


def _role(message: Message) -> str:
    return "model" if message.role == "assistant" else "user"


def _parts(message: Message, names: Mapping[str, str], *, signed: bool) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [_result(message, names)]
    parts = [
        {"text": part.text} if isinstance(part, TextPart) else _image(part.image_url.url) for part in message.parts
    ]
    said = [{"text": message.text}] if message.text and not message.parts else []
    calls = [_call(call) for call in message.tool_calls or ()]
    if calls and signed:
        calls[0] |= {"thoughtSignature": UNSIGNED}
    return [*said, *parts, *calls]


def _result(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    """What a function gave: an object, or text that is put into one."""
    called = message.tool_call_id or ""
    value = parse(message.text)
    response = mapping(value) or {"result": message.text if value is None else value}
    return {"functionResponse": {"id": called, "name": names.get(called, message.name or called), "response": response}}


def _image(url: str) -> dict[str, Any]:
    image = inline(url)
    if image is None:
        return {"fileData": {"fileUri": url}}
    return {"inlineData": {"mimeType": image.media_type, "data": image.data}}


def _call(call: ToolCall) -> dict[str, Any]:
    """Arguments are an object here, and text in OpenAI's words."""
    arguments = mapping(parse(call.function.arguments))
    return {"functionCall": {"id": call.id, "name": call.function.name, "args": arguments}}


def _config(ask: Ask) -> dict[str, Any]:
    request = ask.request
    fields = {
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "topK": request.top_k,
        "seed": request.seed,
        "stopSequences": list(request.stop) or None,
        "frequencyPenalty": request.frequency_penalty,
        "presencePenalty": request.presence_penalty,
        "thinkingConfig": thinking_config(ask.model, request.reasoning_effort),
    }
    said = {name: value for name, value in fields.items() if value is not None}
    return said | _shape(request) | mapping(request.extra.get("generationConfig"))


def _shape(request: Request) -> dict[str, Any]:
    shape = request.response_format
    if shape is None or shape.type == "text":
        return {}
    schema = schema_of(shape)
    return {"responseMimeType": "application/json", **({"responseJsonSchema": schema} if schema else {})}


def _tools(request: Request) -> dict[str, Any]:
    """Functions are one tool; Gemini's own tools, such as `{"googleSearch": {}}`, pass as they are."""
    functions = [function for tool in request.tools if (function := function_in(tool)) is not None]
    others = [tool for tool in request.tools if function_in(tool) is None]
    declared = [
        {"name": each.name, "description": each.description, "parametersJsonSchema": each.parameters}
        for each in functions
    ]
    tools = [*([{"functionDeclarations": declared}] if declared else []), *others]
    choice = choice_of(request)
    if not tools or choice is None:
        return {"tools": tools} if tools else {}
    allowed = {"allowedFunctionNames": [choice.name]} if choice.name else {}
    return {"tools": tools, "toolConfig": {"functionCallingConfig": {"mode": _MODES[choice.mode], **allowed}}}
