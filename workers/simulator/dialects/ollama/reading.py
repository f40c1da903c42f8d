"""Requests of Ollama's API: chat, generate, embed and the older embeddings."""

import json
from typing import Any

from ... import tokens
from ...ask import Ask, Operation, Tool
from ...distribution import distribution
from ...narrowing import as_object
from ...problem import Kind, Problem, Refused
from ...settings import Settings
from ..fields import Fields, invalid


def read(operation: Operation, body: bytes, settings: Settings) -> Ask:
    fields = Fields.parse(body)
    model = named(fields)
    if settings.strict_models and not settings.lists(model):
        raise Refused(Problem(Kind.NO_MODEL, detail=model))
    if operation is Operation.EMBEDDING:
        return _embedding(fields, model, settings)
    return _text(operation, fields, model, settings)


def named(fields: Fields) -> str:
    """The model; `name` is its older spelling."""
    return fields.text("model") or fields.text("name") or invalid("model", "model is required")


def _text(operation: Operation, fields: Fields, model: str, settings: Settings) -> Ask:
    options = Fields(fields.object("options"))
    chat = operation is Operation.CHAT
    texts = _messages(fields) if chat else [fields.text("system"), fields.text("prompt")]
    tools = tuple(_tool(tool) for tool in fields.array("tools"))
    prompt = "\n".join(filter(None, texts))
    num_ctx = options.integer("num_ctx") or settings.num_ctx
    counted = tokens.count(prompt) + (tokens.count(json.dumps(fields.all["tools"])) if tools else 0)
    if counted > num_ctx and not (fields.boolean("truncate", True) and fields.boolean("shift", True)):
        raise Refused(Problem(Kind.OVERFLOW, prompt_tokens=counted, limit=num_ctx))
    # What does not fit is cut off where the conversation began, and nobody is told.
    return Ask(
        operation=operation,
        model=model,
        prompt=tokens.tail(prompt, num_ctx),
        prompt_tokens=min(counted, num_ctx),
        last=tokens.tail(texts[-1], num_ctx) if texts else "",
        last_role=_last_role(fields) if chat else "user",
        max_tokens=_limit(options),
        stream=fields.boolean("stream", True),
        stop=options.texts("stop"),
        seed=options.integer("seed", low=-(2**63)) or 0,
        tools=tools,
        schema=_schema(fields.all.get("format")),
        num_ctx=num_ctx,
        think=_think(fields.all.get("think"), model, settings),
        keep_alive=fields.all.get("keep_alive"),
        load_only=not texts if chat else not texts[-1],
        sent=fields.names | options.names,
        roles=frozenset(message.get("role", "") for message in fields.array("messages")),
    )


def _embedding(fields: Fields, model: str, settings: Settings) -> Ask:
    inputs = fields.texts("input") or fields.texts("prompt")
    num_ctx = Fields(fields.object("options")).integer("num_ctx") or settings.num_ctx
    counts = [tokens.count(text) for text in inputs]
    if max(counts, default=0) > num_ctx and not fields.boolean("truncate", True):
        raise Refused(Problem(Kind.OVERFLOW, param="input", prompt_tokens=max(counts), limit=num_ctx))
    return Ask(
        operation=Operation.EMBEDDING,
        model=model,
        prompt="\n".join(inputs),
        prompt_tokens=sum(min(count, num_ctx) for count in counts),
        inputs=tuple(tokens.cut(text, num_ctx) for text in inputs),
        dimensions=fields.integer("dimensions", high=8192),
        num_ctx=num_ctx,
        keep_alive=fields.all.get("keep_alive"),
        sent=fields.names,
    )


def _messages(fields: Fields) -> list[str]:
    texts: list[str] = []
    for message in fields.array("messages"):
        content = (as_object(message) or {}).get("content")
        if content is not None and not isinstance(content, str):
            got = type(content).__name__
            invalid(
                "messages",
                f"json: cannot unmarshal {got} into Go struct field ChatRequest.messages.content of type string",
            )
        texts.append(content or "")
    return texts


def _last_role(fields: Fields) -> str:
    messages = fields.array("messages")
    return messages[-1].get("role", "user") if messages else "user"


def _tool(tool: Any) -> Tool:
    function = as_object((as_object(tool) or {}).get("function"))
    if function is None or not isinstance(function.get("name"), str):
        invalid("tools", "json: cannot unmarshal tools into Go struct field ChatRequest.tools")
    return Tool(function["name"], function.get("parameters") or {})


def _limit(options: Fields) -> int | None:
    """num_predict: -1 is without end, -2 is up to the context."""
    limit = options.integer("num_predict", low=-2)
    return limit if limit is not None and limit > 0 else None


def _schema(wanted: Any) -> dict[str, Any] | None:
    if wanted in (None, ""):
        return None
    if wanted == "json":
        return {}
    return as_object(wanted) or invalid("format", f'invalid format: "{wanted}"; expected "json" or a schema')


def _think(wanted: Any, model: str, settings: Settings) -> bool | None:
    thinks = distribution(settings.reasoning_tokens) != distribution(0.0)
    if wanted and not thinks:
        invalid("think", f'"{model}" does not support thinking')
    return None if wanted is None else bool(wanted)
