"""Tools and JSON schemas as requests have them, which are OpenAI's words, taken apart for the other dialects."""

from dataclasses import dataclass
from typing import Any, Literal

from ...tasks.request import Request, ResponseFormat
from .json_fields import mapping, text


@dataclass(frozen=True, slots=True)
class Function:
    """One function that a model may call. parameters: a JSON schema, an object without properties if none was given."""

    name: str
    description: str
    parameters: dict[str, Any]
    strict: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether functions are called. name: the one that must be."""

    mode: Literal["auto", "none", "required"]
    name: str | None = None


def function_in(tool: dict[str, Any]) -> Function | None:
    """The function of a tool, None if the tool is a provider's own."""
    function = mapping(tool.get("function"))
    if not function:
        return None
    parameters = mapping(function.get("parameters")) or {"type": "object", "properties": {}}
    return Function(
        text(function.get("name")), text(function.get("description")), parameters, bool(function.get("strict"))
    )


def choice_of(request: Request) -> Choice | None:
    """What the request says of calling functions, None if it is for the model to decide."""
    match request.tool_choice:
        case "auto" | "none" | "required" as said:
            return Choice(said)
        case "any":
            return Choice("required")
        case other:
            name = text(mapping(mapping(other).get("function")).get("name"))
            return Choice("required", name) if name else None


def schema_of(shape: ResponseFormat | None) -> dict[str, Any] | None:
    """The JSON schema that an answer must have, None if none is asked for."""
    if shape is None or shape.type != "json_schema":
        return None
    return mapping((shape.json_schema or {}).get("schema"))
