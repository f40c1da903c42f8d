"""Calls of tools out of the fragments of a stream, however their server numbers them."""

from typing import Any

import pytest

from workfleet.workers.providers.openai.tool_calls import ToolCalls


def piece(
    index: int | None = None, call: str | None = None, name: str | None = None, args: Any = None
) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", args)) if value is not None}
    told = {"index": index, "id": call, "function": function}
    return {key: value for key, value in told.items() if value is not None}


A, B = ("a", "f", '{"x":1}'), ("b", "f", '{"x":2}')


@pytest.mark.parametrize(
    ("pieces", "calls", "numbers"),
    [
        pytest.param(
            [piece(0, "a", "f", '{"x"'), piece(1, "b", "f", '{"x"'), piece(0, args=":1}"), piece(1, args=":2}")],
            [A, B],
            [0, 1, 0, 1],
            id="pieces of two calls in turn",
        ),
        pytest.param(
            [piece(3, "b", "f", '{"x":2}'), piece(1, "a", "f", '{"x":1}')], [A, B], [3, 1], id="numbers with gaps"
        ),
        pytest.param(
            [piece(0, "a", "f", '{"x":1}'), piece(0, "b", "f", '{"x":2}')],
            [A, B],
            [0, 1],
            id="one number for all calls",
        ),
        pytest.param(
            [piece(0, "a", "f", '{"x"'), piece(0, args=":1}"), piece(0, "b", "f", '{"x"'), piece(0, args=":2}")],
            [A, B],
            [0, 0, 1, 1],
            id="one number for all calls, which come in pieces",
        ),
        pytest.param(
            [piece(0, "a", "f", '{"x":1}'), piece(0, "b", "f", '{"x":2}'), piece(1, "c", "g", "{}")],
            [A, B, ("c", "g", "{}")],
            [0, 1, 2],
            id="a number that another call was given meanwhile",
        ),
        pytest.param(
            [piece(None, "a", "f", '{"x":1}'), piece(None, "b", "f", '{"x":2}')], [A, B], [0, 1], id="no numbers"
        ),
        pytest.param(
            [piece(None, "a", "f", '{"x"'), piece(args=":1}"), piece(None, "b", "f", '{"x"'), piece(args=":2}")],
            [A, B],
            [0, 0, 1, 1],
            id="no numbers, in pieces",
        ),
        pytest.param(
            [piece(name="f", args='{"x":1}'), piece(name="f", args='{"x":2}')],
            [("", *A[1:]), ("", *B[1:])],
            [0, 1],
            id="neither numbers nor ids",
        ),
        pytest.param(
            [piece(0, "a", "f", '{"x"'), piece(0, "a", "f", ":1}")], [A], [0, 0], id="name and id with each piece"
        ),
        pytest.param([piece(0, "a", "f", '{"x"'), piece(0, "z", args=":1}")], [A], [0, 0], id="an id for each piece"),
        pytest.param([piece(0, "a", "f", {"x": 1})], [("a", "f", '{"x": 1}')], [0], id="arguments as an object"),
    ],
)
def test_each_call_has_its_own_arguments(
    pieces: list[dict[str, Any]], calls: list[tuple[str, str, str]], numbers: list[int]
) -> None:
    found = ToolCalls()
    assert [found.add(each).index for each in pieces] == numbers
    bodies = [(body["id"], body["function"]["name"], body["function"]["arguments"]) for body in found.bodies()]
    assert bodies == calls
