"""Requests of the OpenAI API: chat completions, completions, embeddings."""

import json
from typing import Any, NoReturn

from ... import tokens
from ...ask import Ask, Operation, Tool
from ...narrowing import as_array, as_object
from ...problem import Kind, Problem, Refused
from ...settings import Settings
from ..fields import Fields, invalid

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def read(operation: Operation, path: str, body: bytes, settings: Settings) -> Ask:
    fields = Fields.parse(body)
    model = _deployment(path) or fields.text("model") or invalid(None, "you must provide a model parameter")
    if settings.strict_models and not settings.lists(model):
        model = _other(fields, settings) or _lacks(model)
    ask = _READERS[operation](fields, model)
    _check_context(ask, settings)
    return ask


def _deployment(path: str) -> str:
    """What Azure's paths name in place of the model; such a path needs the version of the API."""
    before, found, rest = path.partition("/deployments/")
    if found and "api-version=" not in rest:
        raise Refused(Problem(Kind.NO_ROUTE, detail=before + found))
    return rest.partition("/")[0]


def _other(fields: Fields, settings: Settings) -> str | None:
    """OpenRouter takes the first of `models` that it has in place of a model that it has not."""
    return next((name for name in map(str, fields.array("models")) if settings.lists(name)), None)


def _lacks(model: str) -> NoReturn:
    raise Refused(Problem(Kind.NO_MODEL, param="model", detail=model))


def _check_context(ask: Ask, settings: Settings) -> None:
    wanted = ask.max_tokens or 0
    if ask.prompt_tokens + wanted > settings.context_tokens:
        raise Refused(
            Problem(
                Kind.OVERFLOW,
                param="messages",
                prompt_tokens=ask.prompt_tokens,
                max_tokens=wanted,
                limit=settings.context_tokens,
            )
        )


def _chat(fields: Fields, model: str) -> Ask:
    messages = fields.array("messages")
    if not messages:
        missing = "messages" not in fields.names
        invalid("messages", "Missing required parameter: 'messages'." if missing else "[] is too short - 'messages'")
    texts = [_text(message, at) for at, message in enumerate(messages)]
    tools = tuple(_tool(tool, at) for at, tool in enumerate(fields.array("tools")))
    prompt = "\n".join(texts)
    return Ask(
        operation=Operation.CHAT,
        model=model,
        prompt=prompt,
        prompt_tokens=tokens.count(prompt) + (tokens.count(json.dumps(fields.all["tools"])) if tools else 0),
        last=texts[-1],
        last_role=messages[-1]["role"],
        max_tokens=fields.integer("max_completion_tokens") or fields.integer("max_tokens"),
        choices=fields.integer("n", high=128) or 1,
        tools=tools,
        forced=_forced(fields.all.get("tool_choice"), tools),
        schema=_schema(fields.object("response_format")),
        roles=frozenset(message["role"] for message in messages),
        **_common(fields),
    )


def _completion(fields: Fields, model: str) -> Ask:
    prompts = _inputs(fields, "prompt")
    prompt = "\n".join(prompts)
    return Ask(
        operation=Operation.COMPLETION,
        model=model,
        prompt=prompt,
        prompt_tokens=tokens.count(prompt),
        last=prompts[-1],
        max_tokens=fields.integer("max_tokens") or 16,
        choices=(fields.integer("n", high=128) or 1) * len(prompts),
        **_common(fields),
    )


def _embedding(fields: Fields, model: str) -> Ask:
    inputs = _inputs(fields, "input")
    return Ask(
        operation=Operation.EMBEDDING,
        model=model,
        prompt="\n".join(inputs),
        prompt_tokens=sum(map(tokens.count, inputs)),
        inputs=inputs,
        dimensions=fields.integer("dimensions", high=8192),
        base64=fields.text("encoding_format") == "base64",
        sent=fields.names,
    )


_READERS = {
    Operation.CHAT: _chat,
    Operation.COMPLETION: _completion,
    Operation.EMBEDDING: _embedding,
}


def _common(fields: Fields) -> dict[str, Any]:
    fields.number("temperature", 0, 2)
    fields.number("top_p", 0, 1)
    return {
        "stream": fields.boolean("stream"),
        "include_usage": bool(fields.object("stream_options").get("include_usage")),
        "stop": fields.texts("stop"),
        "seed": fields.integer("seed", low=-(2**63)) or 0,
        "sent": fields.names,
    }


def _text(message: Any, at: int) -> str:
    """A message's text; images count nothing."""
    found = as_object(message)
    if found is None:
        invalid(f"messages[{at}]", f"Invalid type for 'messages[{at}]': expected an object.")
    role, content = found.get("role"), found.get("content")
    if role not in _ROLES:
        supported = ", ".join(f"'{known}'" for known in _ROLES)
        invalid(f"messages[{at}].role", f"Invalid value: '{role}'. Supported values are: {supported}.")
    if isinstance(content, str) or content is None:
        return content or ""
    parts = as_array(content)
    if parts is None:
        invalid(f"messages[{at}].content", f"Invalid type for 'messages[{at}].content': expected a string or an array.")
    return "".join(part.get("text") or "" for part in map(as_object, parts) if part)


def _inputs(fields: Fields, name: str) -> tuple[str, ...]:
    """One text or several; a text may be an array of token numbers, each of which stands for four characters."""
    texts = as_array(fields.all.get(name)) or []
    numbered = [texts] if texts and isinstance(texts[0], int) else [part for part in map(as_array, texts) if part]
    if numbered:
        return tuple("".join(f"{number:04d}" for number in part) for part in numbered)
    found = fields.texts(name)
    if not any(found):
        invalid(name, f"Invalid '{name}': input cannot be an empty string.")
    return found


def _tool(tool: Any, at: int) -> Tool:
    function = as_object((as_object(tool) or {}).get("function"))
    if function is None or not isinstance(function.get("name"), str):
        invalid(f"tools[{at}].function", f"Missing required parameter: 'tools[{at}].function'.")
    return Tool(function["name"], function.get("parameters") or {})


def _forced(choice: Any, tools: tuple[Tool, ...]) -> Tool | None:
    if choice == "required":
        return (
            tools[0] if tools else invalid("tool_choice", "'tool_choice' is only allowed when 'tools' are specified.")
        )
    chosen = as_object(choice)
    if chosen is None:
        return None
    name = (as_object(chosen.get("function")) or {}).get("name")
    found = next((tool for tool in tools if tool.name == name), None)
    return found or invalid("tool_choice", f"Tool choice '{name}' not found in 'tools' parameter.")


def _schema(response_format: dict[str, Any]) -> dict[str, Any] | None:
    match response_format.get("type"):
        case None | "text":
            return None
        case "json_object":
            return {}
        case "json_schema":
            schema = as_object((as_object(response_format.get("json_schema")) or {}).get("schema"))
            if schema is None:
                invalid(
                    "response_format.json_schema", "Missing required parameter: 'response_format.json_schema.schema'."
                )
            return schema
        case other:
            supported = "'text', 'json_object', and 'json_schema'"
            return invalid("response_format.type", f"Invalid value: '{other}'. Supported values are: {supported}.")
