"""Requests of Cohere's API: chat and embed."""

import json
from typing import Any

from ... import tokens
from ...ask import Ask, Operation, Tool
from ...narrowing import Json, as_array, as_object
from ...problem import Kind, Problem, Refused
from ...settings import Settings
from ..fields import Fields, invalid

_ROLES = ("system", "user", "assistant", "tool")

_INPUT_TYPES = ("search_document", "search_query", "classification", "clustering", "image")

#: Texts that one request may embed.
_MOST_TEXTS = 96


def read(operation: Operation, body: bytes, settings: Settings) -> Ask:
    fields = Fields.parse(body)
    model = named(fields, settings)
    return _embedding(model, fields) if operation is Operation.EMBEDDING else _chat(model, fields, settings)


def named(fields: Fields, settings: Settings) -> str:
    """The model."""
    model = fields.text("model") or invalid("model", "invalid request: model is required.")
    if settings.strict_models and not settings.lists(model):
        raise Refused(Problem(Kind.NO_MODEL, detail=model))
    return model


def _chat(model: str, fields: Fields, settings: Settings) -> Ask:
    messages = fields.array("messages")
    if not messages:
        invalid("messages", "invalid request: messages must be at least 1 message long.")
    texts = [_text(message, at) for at, message in enumerate(messages)]
    tools = tuple(_tool(tool, at) for at, tool in enumerate(fields.array("tools")))
    prompt = "\n".join(texts)
    counted = tokens.count(prompt) + (tokens.count(json.dumps(fields.all["tools"])) if tools else 0)
    if counted > settings.context_tokens:
        raise Refused(Problem(Kind.OVERFLOW, prompt_tokens=counted, limit=settings.context_tokens))
    fields.number("temperature", 0, 1)
    fields.number("p", 0.01, 0.99)
    fields.integer("k", low=0, high=500)
    return Ask(
        operation=Operation.CHAT,
        model=model,
        prompt=prompt,
        prompt_tokens=counted,
        last=texts[-1],
        last_role=messages[-1]["role"],
        max_tokens=fields.integer("max_tokens"),
        stream=fields.boolean("stream"),
        stop=fields.texts("stop_sequences"),
        seed=fields.integer("seed", low=0) or 0,
        tools=tools,
        forced=_forced(fields.text("tool_choice"), tools),
        schema=_schema(fields.object("response_format")),
        think=fields.object("thinking").get("type") != "disabled",
        sent=fields.names,
        roles=frozenset(message["role"] for message in messages),
    )


def _embedding(model: str, fields: Fields) -> Ask:
    texts = fields.texts("texts")
    if not texts or len(texts) > _MOST_TEXTS:
        invalid("texts", f"invalid request: total number of texts must be at least 1 and at most {_MOST_TEXTS}.")
    if fields.text("input_type") not in _INPUT_TYPES:
        invalid("input_type", f"invalid request: valid input_type must be provided, one of {', '.join(_INPUT_TYPES)}.")
    return Ask(
        operation=Operation.EMBEDDING,
        model=model,
        prompt="\n".join(texts),
        prompt_tokens=sum(map(tokens.count, texts)),
        inputs=texts,
        dimensions=fields.integer("output_dimension", high=8192),
        sent=fields.names,
    )


def _text(message: Any, at: int) -> str:
    found = as_object(message) or {}
    role, content = found.get("role"), found.get("content")
    if role not in _ROLES:
        invalid("messages", f"invalid request: invalid role at messages[{at}]: one of {', '.join(_ROLES)}.")
    called = json.dumps(found["tool_calls"]) if found.get("tool_calls") else ""
    if isinstance(content, str):
        said = content
    else:
        said = "".join(_part(part) for part in map(as_object, as_array(content) or []) if part)
    if not said and not called:
        invalid("messages", f"invalid request: message at messages[{at}] must have non-empty content or tool calls.")
    return said + called


def _part(part: Json) -> str:
    """A tool's result may be a document."""
    document = (as_object(part.get("document")) or {}).get("data")
    return json.dumps(document) if document else part.get("text") or ""


def _tool(tool: Any, at: int) -> Tool:
    function = as_object((as_object(tool) or {}).get("function"))
    if function is None or not isinstance(function.get("name"), str):
        invalid("tools", f"invalid request: tools[{at}].function.name is required.")
    return Tool(function["name"], function.get("parameters") or {})


def _forced(choice: str, tools: tuple[Tool, ...]) -> Tool | None:
    if choice != "REQUIRED":
        return None
    return tools[0] if tools else invalid("tool_choice", "invalid request: tool_choice needs tools.")


def _schema(response_format: Json) -> Json | None:
    if response_format.get("type") != "json_object":
        return None
    return as_object(response_format.get("json_schema")) or as_object(response_format.get("schema")) or {}
