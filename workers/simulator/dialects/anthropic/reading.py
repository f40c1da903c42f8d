"""Requests of the Messages API."""

import json
from typing import Any

from ... import tokens
from ...ask import Ask, Operation, Tool
from ...narrowing import Json, as_array, as_object
from ...problem import Kind, Problem, Refused
from ...settings import Settings
from ..fields import Fields, invalid

#: The least budget of thinking.
_LEAST_BUDGET = 1024


def read(body: bytes, settings: Settings) -> Ask:
    fields = Fields.parse(body)
    model = _model(fields, settings)
    max_tokens = fields.integer("max_tokens") or invalid("max_tokens", "max_tokens: Field required")
    prompt = _prompt(fields)
    messages = fields.array("messages")
    tools = tuple(_tool(tool) for tool in map(as_object, fields.array("tools")) if tool and "input_schema" in tool)
    counted = _count(fields, prompt)
    if counted > settings.context_tokens:  # an answer that does not fit beside the prompt is cut, not refused
        raise Refused(Problem(Kind.OVERFLOW, prompt_tokens=counted, limit=settings.context_tokens))
    _check_numbers(fields)
    last, last_role = _last(messages[-1])
    return Ask(
        operation=Operation.CHAT,
        model=model,
        prompt=prompt,
        prompt_tokens=counted,
        last=last,
        last_role=last_role,
        max_tokens=max_tokens,
        stream=fields.boolean("stream"),
        stop=fields.texts("stop_sequences"),
        tools=tools,
        forced=_forced(fields.object("tool_choice"), tools),
        schema=_schema(fields),
        think=_thinks(fields, max_tokens),
        sent=fields.names,
        roles=frozenset(message["role"] for message in messages),
    )


def counted(body: bytes, settings: Settings) -> int:
    """Tokens of a request that is only to be counted."""
    fields = Fields.parse(body)
    _model(fields, settings)
    return _count(fields, _prompt(fields))


def _model(fields: Fields, settings: Settings) -> str:
    model = fields.text("model") or invalid("model", "model: Field required")
    if settings.strict_models and not settings.lists(model):
        raise Refused(Problem(Kind.NO_MODEL, detail=model))
    return model


def _count(fields: Fields, prompt: str) -> int:
    tools = fields.array("tools")
    return tokens.count(prompt) + (tokens.count(json.dumps(tools)) if tools else 0)


def _prompt(fields: Fields) -> str:
    system, messages = fields.all.get("system"), fields.array("messages")
    if not messages:
        invalid("messages", "messages: at least one message is required")
    said = [_text(system, "system")] if system else []
    for at, message in enumerate(messages):
        role = (as_object(message) or {}).get("role")
        if role == "system":
            invalid(
                "messages",
                'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
                'not "system" as an input message role.',
            )
        if role not in ("user", "assistant"):
            invalid("messages", f"messages.{at}.role: Input should be 'user' or 'assistant'")
        said.append(_text(message.get("content"), f"messages.{at}.content"))
    if messages[0]["role"] != "user":
        invalid("messages", 'messages: first message must use the "user" role')
    return "\n".join(said)


def _text(content: Any, where: str) -> str:
    """The text of content blocks; images count nothing."""
    if isinstance(content, str) and content:
        return content
    blocks = as_array(content)
    if not blocks:
        invalid(where, f"{where}: Field required" if content is None else f"{where}: text content must be non-empty")
    return "".join(_block(as_object(block), where) for block in blocks)


def _block(block: Json | None, where: str) -> str:
    match block and block.get("type"):
        case "text":
            text = (block or {}).get("text")
            return text if isinstance(text, str) and text else invalid(where, "text content blocks must be non-empty")
        case "tool_use":
            return json.dumps((block or {}).get("input"))
        case "tool_result":
            content = (block or {}).get("content")
            return _text(content, where) if content else ""
        case None:
            return invalid(where, f"{where}.type: Field required")
        case _:
            return ""


def _last(message: Json) -> tuple[str, str]:
    """The last message's text, and `tool` if it brings a tool's result."""
    blocks = as_array(message["content"]) or []
    results = any(block.get("type") == "tool_result" for block in map(as_object, blocks) if block)
    return _text(message["content"], "content"), "tool" if results else message["role"]


def _tool(tool: Json) -> Tool:
    name = tool.get("name")
    return Tool(name, tool["input_schema"]) if isinstance(name, str) else invalid("tools", "tools: name required")


def _forced(choice: Json, tools: tuple[Tool, ...]) -> Tool | None:
    match choice.get("type"):
        case "any":
            return tools[0] if tools else invalid("tool_choice", "tool_choice may only be specified with `tools`")
        case "tool":
            found = next((tool for tool in tools if tool.name == choice.get("name")), None)
            return found or invalid("tool_choice", f"Tool '{choice.get('name')}' not found in provided tools")
        case _:
            return None


def _schema(fields: Fields) -> Json | None:
    """`output_config.format`; `output_format` is its older place."""
    form = as_object(fields.object("output_config").get("format")) or fields.object("output_format")
    return as_object(form.get("schema")) if form.get("type") == "json_schema" else None


def _thinks(fields: Fields, max_tokens: int) -> bool:
    thinking = Fields(fields.object("thinking"))
    kind = thinking.text("type")
    if kind == "enabled":
        budget = thinking.integer("budget_tokens", low=_LEAST_BUDGET)
        if budget is None:
            invalid("thinking", "thinking.enabled.budget_tokens: Field required")
        if budget >= max_tokens:
            invalid("max_tokens", "`max_tokens` must be greater than `thinking.budget_tokens`.")
        if fields.all.get("temperature") not in (None, 1, 1.0):
            invalid("temperature", "`temperature` may only be set to 1 when thinking is enabled.")
    return kind in ("enabled", "adaptive")


def _check_numbers(fields: Fields) -> None:
    fields.number("temperature", 0, 1)
    fields.number("top_p", 0, 1)
