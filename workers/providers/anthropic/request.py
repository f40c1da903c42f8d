"""A request in the words of Anthropic's Messages API (C.6 of the wire formats)."""

from collections.abc import Mapping
from typing import Any

from ....tasks.request import Message, Request, TextPart, ToolCall
from ..dialect import Ask
from ..images import inline
from ..json_fields import mapping, parse
from ..tools import choice_of, function_in
from ..turns import Turn, merged, messages_of, spoken, system_of
from .cache import with_cache
from .generations import usual_max_tokens
from .shape import ANSWER_TOOL, JSON_IN_WORDS, answer_tool, by_tool, format_of
from .thinking import thinking

#: What of `extra` the API knows under the same name.
_PASSED_ON = ("cache_control", "container", "context_management", "mcp_servers", "metadata", "service_tier")
#: The first turn must be the user's.
_BEFORE_ASSISTANT: Turn = ("user", [{"type": "text", "text": "Continue."}])


def encoded(ask: Ask) -> dict[str, Any]:
    """The JSON body of the call."""
    request = ask.request
    max_tokens = request.max_tokens or usual_max_tokens(ask.model)
    body: dict[str, Any] = {"model": ask.model, "max_tokens": max_tokens, "messages": conversation(request)}
    body |= _system(request) | _tools(ask) | _thinking(ask, max_tokens)
    body = with_cache(body) if ask.api.prompt_cache else body
    body |= _sampling(request, thinks=mapping(body.get("thinking")).get("type") in ("enabled", "adaptive"))
    body |= {name: request.extra[name] for name in _PASSED_ON if name in request.extra}
    if user := request.extra.get("user"):
        body.setdefault("metadata", {"user_id": user})
    return {**body, "stream": True} if ask.stream else body


def to_count(ask: Ask) -> dict[str, Any]:
    """The body that asks how many tokens the request is."""
    counted = ("model", "messages", "system", "tools", "tool_choice", "thinking")
    return {name: value for name, value in encoded(ask).items() if name in counted}


def conversation(request: Request) -> list[dict[str, Any]]:
    turns = merged((_role(message), _blocks(message)) for message in spoken(request))
    if not turns or turns[0][0] != "user":
        turns = [_BEFORE_ASSISTANT, *turns]
    return [{"role": role, "content": blocks} for role, blocks in turns]


def _role(message: Message) -> str:
    return "assistant" if message.role == "assistant" else "user"


def _blocks(message: Message) -> list[dict[str, Any]]:
    """Empty texts are left out, because the API refuses them."""
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": message.tool_call_id or ""}
        return [{**result, "content": _parts(message)} if _parts(message) else result]
    return [*_parts(message), *(_tool_use(call) for call in message.tool_calls or ())]


def _parts(message: Message) -> list[dict[str, Any]]:
    if not message.parts:
        # A turn of the assistant that is to be continued must not end in a blank.
        said = message.text.rstrip() if message.role == "assistant" else message.text
        return [{"type": "text", "text": said}] if said.strip() else []
    return [
        {"type": "text", "text": part.text} if isinstance(part, TextPart) else _image(part.image_url.url)
        for part in message.parts
        if not isinstance(part, TextPart) or part.text.strip()
    ]


def _image(url: str) -> dict[str, Any]:
    image = inline(url)
    if image is None:
        return {"type": "image", "source": {"type": "url", "url": url}}
    return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": image.data}}


def _tool_use(call: ToolCall) -> dict[str, Any]:
    """Arguments are an object here, and text in OpenAI's words."""
    arguments = mapping(parse(call.function.arguments))
    return {"type": "tool_use", "id": call.id, "name": call.function.name, "input": arguments}


def _system(request: Request) -> dict[str, Any]:
    shape = request.response_format
    wanted = JSON_IN_WORDS if shape is not None and shape.type == "json_object" else ""
    said = "\n\n".join(words for words in (system_of(request), wanted) if words)
    return {"system": said} if said else {}


def _tools(ask: Ask) -> dict[str, Any]:
    request = ask.request
    if by_tool(ask.model, request.response_format) and not request.tools:
        return {"tools": [answer_tool(request.response_format)], "tool_choice": {"type": "tool", "name": ANSWER_TOOL}}
    if not request.tools:
        return {}
    choice = _choice(request)
    return {"tools": [_tool(tool) for tool in request.tools], **({"tool_choice": choice} if choice else {})}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A function; Anthropic's own tools pass as they are."""
    function = function_in(dict(tool))
    if function is None:
        return dict(tool)
    described = {"description": function.description} if function.description else {}
    strict = {"strict": True} if function.strict else {}
    return {"name": function.name, **described, "input_schema": function.parameters, **strict}


def _choice(request: Request) -> dict[str, Any]:
    choice = choice_of(request)
    one_at_a_time = request.extra.get("parallel_tool_calls") is False
    alone = {"disable_parallel_tool_use": True} if one_at_a_time else {}
    if choice is None:
        return {"type": "auto", **alone} if alone else {}
    if choice.mode == "none":
        return {"type": "none"}
    if choice.name is not None:
        return {"type": "tool", "name": choice.name, **alone}
    return {"type": "any" if choice.mode == "required" else "auto", **alone}


def _thinking(ask: Ask, max_tokens: int) -> dict[str, Any]:
    """Thinking and the answer's form, which share a field. A model that must call a tool does not think before."""
    request, extra = ask.request, ask.request.extra
    said = thinking(ask.model, request, max_tokens) if not _must_call(ask) else {}
    said |= {"thinking": extra["thinking"]} if "thinking" in extra else {}
    config = mapping(said.pop("output_config", None)) | format_of(ask.model, request.response_format)
    config |= mapping(extra.get("output_config"))
    return {**said, "output_config": config} if config else said


def _must_call(ask: Ask) -> bool:
    choice = choice_of(ask.request)
    required = choice is not None and choice.mode == "required"
    return required or by_tool(ask.model, ask.request.response_format)


def _sampling(request: Request, *, thinks: bool) -> dict[str, Any]:
    """A model that thinks takes no temperature and no `top_k`."""
    fields = {
        "temperature": None if thinks or request.temperature is None else min(request.temperature, 1.0),
        "top_p": None if thinks else request.top_p,
        "top_k": None if thinks else request.top_k,
        "stop_sequences": [stop for stop in request.stop if stop.strip()] or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def has_prompt(request: Request) -> bool:
    """Whether there is anything to answer."""
    return any(message.text.strip() or message.parts or message.tool_calls for message in messages_of(request))
