from typing import Any

import pytest

from workfleet.workers.simulator.content.json_value import example


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({}, {"answer": "as asked"}, id="any object"),
        pytest.param(
            {"type": "object", "properties": {"city": {"type": "string"}, "people": {"type": "integer"}}},
            {"city": "as asked", "people": 1},
            id="an object has its properties",
        ),
        pytest.param({"type": "array", "items": {"type": "number"}, "minItems": 3}, [1, 1, 1], id="enough items"),
        pytest.param({"enum": ["a", "b"]}, "a", id="one of several"),
        pytest.param({"const": 7}, 7, id="a constant"),
        pytest.param({"type": ["string", "null"]}, "as asked", id="the first of several types"),
        pytest.param({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, True, id="the first alternative"),
        pytest.param(
            {"allOf": [{"properties": {"a": {"type": "null"}}}, {"properties": {"b": {"const": 2}}}]},
            {"a": None, "b": 2},
            id="all parts together",
        ),
        pytest.param({"type": "integer", "minimum": 5}, 5, id="a lower bound"),
        pytest.param({"type": "integer", "exclusiveMinimum": 5}, 6, id="above a lower bound"),
        pytest.param({"type": "integer", "maximum": -3}, -3, id="an upper bound"),
        pytest.param({"type": "number", "exclusiveMaximum": 0.5}, 0.0, id="below an upper bound"),
        pytest.param({"type": "string", "minLength": 10}, "as asked..", id="long enough"),
        pytest.param({"type": "string", "maxLength": 2}, "as", id="short enough"),
        pytest.param({"type": "string", "format": "date"}, "2026-01-31", id="a date"),
        pytest.param(
            {"$ref": "#/$defs/city", "$defs": {"city": {"properties": {"name": {"type": "string"}}}}},
            {"name": "as asked"},
            id="a reference",
        ),
        pytest.param({"$ref": "#/$defs/nowhere"}, None, id="a reference to nothing"),
    ],
)
def test_a_value_satisfies_its_schema(schema: dict[str, Any], value: object) -> None:
    assert example(schema) == value


def test_a_schema_that_contains_itself_ends() -> None:
    tree = {"properties": {"child": {"$ref": "#"}}}
    assert "child" in example(tree)
