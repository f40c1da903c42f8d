"""How many tokens a request and its answer are taken for."""

from typing import Any

import pytest

from workfleet.routing.tokens import estimate_tokens
from workfleet.tasks.request import Request
from workfleet.tasks.request_size import Size, sized

HI = estimate_tokens("hi") + 4


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        pytest.param({"max_tokens": 20}, Size(HI, 20, 20), id="a short answer at most"),
        pytest.param({"max_tokens": 5000}, Size(HI, 5000, 1000), id="a long one at most is seldom so long"),
        pytest.param({}, Size(HI, 1_000_000, 1000), id="no limit"),
        pytest.param({"max_tokens": 20, "extra": {"n": 3}}, Size(HI, 60, 60), id="three answers"),
    ],
)
def test_the_answer_is_as_long_as_it_may_be(fields: dict[str, Any], size: Size) -> None:
    assert sized(Request.from_prompt("hi", **fields)) == size


def test_an_embedding_has_no_answer() -> None:
    assert sized(Request(kind="embedding", input=("hi",))) == Size(estimate_tokens("hi"), 0, 0)


def test_tools_and_pictures_are_input_too() -> None:
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}
    assert sized(Request.model_validate({"messages": [picture]})).input_tokens > 800
    tools = ({"type": "function", "function": {"name": "f", "description": "a long story " * 20}},)
    assert sized(Request.from_prompt("hi", tools=tools)).input_tokens > HI + 40


def test_calls_of_tools_that_were_made_before_count() -> None:
    call = {"id": "1", "function": {"name": "add", "arguments": '{"one": 1, "another": 2}'}}
    silent = {"role": "assistant", "content": None}
    without, with_it = ({"messages": [silent]}, {"messages": [{**silent, "tool_calls": [call]}]})
    plain, called = (sized(Request.model_validate(each)).input_tokens for each in (without, with_it))
    assert called - plain == estimate_tokens('add {"one": 1, "another": 2}')
