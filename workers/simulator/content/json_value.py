"""A JSON value that satisfies a simple JSON schema."""

from collections.abc import Mapping
from typing import Any

from ..narrowing import as_array, as_object

_DEPTH = 12  #: of nested schemas; deeper ones, and those that contain themselves, end in null

_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example(schema: Mapping[str, Any]) -> Any:
    """Understands type, properties, items, enum, const, default, anyOf, oneOf, allOf, local `$ref`, and the bounds of
    numbers, strings and arrays. A schema that says nothing gets an object with an `answer`.
    """
    return _value(schema, schema, _DEPTH) if schema else {"answer": "as asked"}


def _value(given: Any, root: Mapping[str, Any], depth: int) -> Any:
    schema = as_object(given)
    if schema is None or depth == 0:
        return None
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    if "$ref" in schema:
        return _value(_resolve(schema["$ref"], root), root, depth - 1)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return _value(schema[key][0], root, depth - 1)
    if schema.get("allOf"):
        return _merged([_value(part, root, depth - 1) for part in schema["allOf"]])
    return _typed(schema, root, depth)


def _typed(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    kind: Any = schema.get("type") or ("object" if "properties" in schema else "string")
    match (as_array(kind) or [kind])[0]:
        case "object":
            return {key: _value(part, root, depth - 1) for key, part in schema.get("properties", {}).items()}
        case "array":
            items = schema.get("items", {})
            return [_value(items, root, depth - 1) for _ in range(max(schema.get("minItems", 1), 0))]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _text(schema)


def _number(schema: Mapping[str, Any]) -> Any:
    step = 1 if schema.get("type") != "number" else 0.5
    if "exclusiveMinimum" in schema:
        return schema["exclusiveMinimum"] + step
    if "minimum" in schema:
        return schema["minimum"]
    if "exclusiveMaximum" in schema:
        return min(1, schema["exclusiveMaximum"] - step)
    return min(1, schema.get("maximum", 1))


def _text(schema: Mapping[str, Any]) -> str:
    text = _FORMATS.get(schema.get("format", ""), "as asked")
    text = text.ljust(schema.get("minLength", 0), ".")
    return text[: schema["maxLength"]] if "maxLength" in schema else text


def _resolve(reference: str, root: Mapping[str, Any]) -> Any:
    found: Any = dict(root)
    for key in reference.removeprefix("#").split("/")[1:]:
        found = (as_object(found) or {}).get(key)
    return found


def _merged(values: list[Any]) -> Any:
    if all(isinstance(value, dict) for value in values):
        return {key: part for value in values for key, part in value.items()}
    return values[0]
