"""Answers in JSON: held to a schema by the API, by a tool that must be called for older models, else by words."""

from typing import Any

from ....tasks.request import ResponseFormat
from ..json_fields import mapping, mappings
from ..tools import schema_of
from .generations import takes_schemas

#: The tool whose arguments are the answer.
ANSWER_TOOL = "answer"

#: JSON without a schema: the API has no switch for it.
JSON_IN_WORDS = "Answer with one JSON object and with nothing else: no code fence, no words around it."

#: What the API's schemas cannot say; the answer is still judged by the whole schema.
_UNSAYABLE = frozenset(
    {
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "uniqueItems",
    }
)


def by_tool(model: str, shape: ResponseFormat | None) -> bool:
    """Whether the answer comes as a call of `ANSWER_TOOL`."""
    return schema_of(shape) is not None and not takes_schemas(model)


def format_of(model: str, shape: ResponseFormat | None) -> dict[str, Any]:
    """`output_config` that holds the answer to its schema; empty if it has none, or a tool does it."""
    schema = schema_of(shape)
    if schema is None or by_tool(model, shape):
        return {}
    return {"format": {"type": "json_schema", "schema": closed(schema)}}


def answer_tool(shape: ResponseFormat | None) -> dict[str, Any]:
    return {
        "name": ANSWER_TOOL,
        "description": "Give the answer. Call it exactly once.",
        "input_schema": schema_of(shape) or {"type": "object"},
    }


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as the API takes it: every object without further properties, and no bounds."""
    kept = {name: _closed(name, value) for name, value in schema.items() if name not in _UNSAYABLE}
    return {**kept, "additionalProperties": False} if schema.get("type") == "object" else kept


def _closed(name: str, value: Any) -> Any:
    if name in ("properties", "$defs", "definitions"):
        return {key: closed(mapping(child)) for key, child in mapping(value).items()}
    if name in ("anyOf", "oneOf", "allOf", "prefixItems"):
        return [closed(child) for child in mappings(value)]
    return closed(mapping(value)) if name == "items" and mapping(value) else value
