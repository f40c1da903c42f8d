"""Requests of the Gemini API. As in every API of Google's, names may be in camel case or in snake case."""

import json
import re
from typing import Any
from urllib.parse import unquote

from ... import tokens
from ...ask import Ask, Operation, Tool
from ...narrowing import Json, as_array, as_object
from ...problem import Kind, Problem, Refused
from ...settings import Settings
from ..fields import Fields, invalid

_ROLES = ("user", "model", "function")

_CAPITAL = re.compile(r"(?=[A-Z])")


def read(path: str, body: bytes, settings: Settings) -> Ask:
    model, what = target(path)
    fields = Fields(_named(Fields.parse(body).all, _TOP))
    _check_model(model, what, settings)
    if what.endswith("Contents") or what.startswith("embed"):
        return _embedding(model, fields)
    return _content(model, fields, what == "streamGenerateContent", settings)


def counted(path: str, body: bytes, settings: Settings) -> int:
    """Tokens of a request that is only to be counted; it may stand in `generateContentRequest`."""
    model, what = target(path)
    _check_model(model, what, settings)
    given = Fields.parse(body).all
    inner = as_object(_named(given, ("generateContentRequest",)).get("generateContentRequest")) or given
    fields = Fields(_named(inner, _TOP))
    return _count(fields, "\n".join(_texts(fields)))


def target(path: str) -> tuple[str, str]:
    """The model without its collection, and what is to be done."""
    model, _, what = unquote(path.partition("?")[0].rpartition("/")[2]).partition(":")
    return model, what


_TOP = ("systemInstruction", "generationConfig", "toolConfig")
_CONFIG = (
    "maxOutputTokens",
    "candidateCount",
    "stopSequences",
    "topP",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "thinkingConfig",
)
_THINKING = ("thinkingBudget", "includeThoughts")
_CALLING = ("functionCallingConfig", "allowedFunctionNames")


def _named(given: Json, names: tuple[str, ...]) -> Json:
    """The fields of those names, however they are written."""
    snake = {_CAPITAL.sub("_", name).lower(): name for name in names}
    return {snake.get(key, key): value for key, value in given.items()}


def _check_model(model: str, what: str, settings: Settings) -> None:
    if settings.strict_models and not settings.lists(model):
        raise Refused(Problem(Kind.NO_MODEL, param=what, detail=model))


def _content(model: str, fields: Fields, stream: bool, settings: Settings) -> Ask:
    contents = fields.array("contents")
    if not contents:
        invalid("contents", "* GenerateContentRequest.contents: contents is not specified\n")
    texts = _texts(fields)
    prompt = "\n".join(texts)
    counted = _count(fields, prompt)
    if counted > settings.context_tokens:
        raise Refused(Problem(Kind.OVERFLOW, prompt_tokens=counted, limit=settings.context_tokens))
    config = Fields(_named(fields.object("generationConfig"), _CONFIG))
    thinking = Fields(_named(config.object("thinkingConfig"), _THINKING))
    config.number("temperature", 0, 2)
    config.number("topP", 0, 1)
    tools = _tools(fields)
    return Ask(
        operation=Operation.CHAT,
        model=model,
        prompt=prompt,
        prompt_tokens=counted,
        last=texts[-1],
        last_role="tool" if _brings_result(contents[-1]) else "user",
        max_tokens=config.integer("maxOutputTokens"),
        stream=stream,
        stop=config.texts("stopSequences"),
        choices=config.integer("candidateCount", high=8) or 1,
        seed=config.integer("seed", low=-(2**31)) or 0,
        tools=tools,
        forced=_forced(fields, tools),
        schema=_schema(config),
        think=thinking.all.get("thinkingBudget") != 0,
        reasoning_shown=thinking.boolean("includeThoughts"),
        sent=fields.names | config.names,
    )


def _embedding(model: str, fields: Fields) -> Ask:
    requests = [as_object(each) or {} for each in fields.array("requests")] or [fields.all]
    inputs = tuple(_parts((as_object(each.get("content")) or {}).get("parts"), "content") for each in requests)
    dimensions = Fields(_named(requests[0], ("outputDimensionality",)))
    return Ask(
        operation=Operation.EMBEDDING,
        model=model,
        prompt="\n".join(inputs),
        prompt_tokens=sum(map(tokens.count, inputs)),
        inputs=inputs,
        dimensions=dimensions.integer("outputDimensionality", high=8192),
        sent=fields.names,
    )


def _count(fields: Fields, prompt: str) -> int:
    tools = fields.array("tools") if isinstance(fields.all.get("tools"), list) else []
    return tokens.count(prompt) + (tokens.count(json.dumps(tools)) if tools else 0)


def _texts(fields: Fields) -> list[str]:
    """The text of the system instruction and of each content."""
    system = as_array(fields.object("systemInstruction").get("parts"))
    said = [_parts(system, "system_instruction")] if system else []
    for at, content in enumerate(map(as_object, fields.array("contents"))):
        if content is None or content.get("role", "user") not in _ROLES:
            invalid("contents", "Please use a valid role: user, model.")
        said.append(_parts(content.get("parts"), f"contents[{at}]"))
    return said


def _parts(parts: Any, where: str) -> str:
    """The text of parts; images count nothing."""
    found = [part for part in map(as_object, as_array(parts) or []) if part]
    if not found:
        invalid(where, f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty.\n")
    return "".join(_text(_named(part, ("functionCall", "functionResponse"))) for part in found)


def _text(part: Json) -> str:
    spoken = part.get("functionCall") or part.get("functionResponse")
    return json.dumps(spoken) if spoken else part.get("text") or ""


def _brings_result(content: Json) -> bool:
    parts = map(as_object, as_array(content.get("parts")) or [])
    return any("functionResponse" in _named(part, ("functionResponse",)) for part in parts if part)


def _tools(fields: Fields) -> tuple[Tool, ...]:
    given = fields.all.get("tools")
    declared = [
        function
        for tool in map(as_object, as_array(given) or [given])
        if tool
        for function in as_array(_named(tool, ("functionDeclarations",)).get("functionDeclarations")) or []
    ]
    return tuple(
        _tool(_named(function, ("parametersJsonSchema",))) for function in map(as_object, declared) if function
    )


def _tool(function: Json) -> Tool:
    name = function.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][\w.:-]{0,127}", name):
        invalid("tools", "* GenerateContentRequest.tools[0].function_declarations[0].name: Invalid function name.")
    return Tool(name, function.get("parametersJsonSchema") or lowered(function.get("parameters") or {}))


def _forced(fields: Fields, tools: tuple[Tool, ...]) -> Tool | None:
    config = _named(fields.object("toolConfig"), _CALLING)
    calling = _named(as_object(config.get("functionCallingConfig")) or {}, _CALLING)
    if calling.get("mode") != "ANY":
        return None
    allowed = as_array(calling.get("allowedFunctionNames"))
    found = next((tool for tool in tools if not allowed or tool.name in allowed), None)
    return found or invalid("tool_config", "Function calling mode is ANY but no function declarations are allowed.")


def _schema(config: Fields) -> Json | None:
    if config.text("responseMimeType") != "application/json":
        return None
    return config.object("responseJsonSchema") or lowered(config.object("responseSchema"))


def lowered(schema: Any) -> Any:
    """A schema of OpenAPI as Google writes it, types in capitals, as JSON schema."""
    if isinstance(schema, list):
        return [lowered(part) for part in as_array(schema) or []]
    found = as_object(schema)
    if found is None:
        return schema
    return {
        key: value.lower() if key == "type" and isinstance(value, str) else lowered(value)
        for key, value in found.items()
    }
