from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.request import FunctionCall, Message, Request, ToolCall
from workfleet.workers.providers.anthropic.dialect import Anthropic
from workfleet.workers.providers.anthropic.shape import JSON_IN_WORDS
from workfleet.workers.providers.dialect import Ask, Call
from workfleet.workers.providers.endpoint import Api
from workfleet.workers.providers.rows import ROWS

from ..conversations import NAMED, PARAMETERS, SCHEMA, TALK, WEATHER, chat, shaped

NEW, OLD = "claude-opus-4-6", "claude-3-haiku-20240307"
TOOL = {"name": "weather", "description": "Of a city.", "input_schema": PARAMETERS}

ASKING, SAYING = Message(role="user", content="And now?"), Message(role="assistant", content="Let me see.")
CALLING = Message(
    role="assistant", tool_calls=(ToolCall(id="c1", function=FunctionCall(name="weather", arguments="{}")),)
)
RESULT = Message(role="tool", tool_call_id="c1", content="rain")


def call(request: Request, model: str = NEW, *, api: Api | None = None, stream: bool = False) -> Call:
    ask = Ask(ROWS["anthropic"], "claude", model, request, stream=stream, api=api or Api())
    made = Anthropic().encode(ask)
    assert isinstance(made, Call)
    return made


def fields(request: Request, model: str = NEW, **options: Any) -> dict[str, Any]:
    """What the body says beside the conversation."""
    body = call(request, model, **options).body or {}
    return {name: value for name, value in body.items() if name not in ("model", "messages", "max_tokens")}


def test_a_conversation_is_turns_of_blocks_with_the_system_prompt_apart() -> None:
    made = call(Request(messages=TALK, max_tokens=9))
    assert (made.method, made.path) == ("POST", "/v1/messages")
    assert made.body == {
        "model": NEW,
        "max_tokens": 9,
        "system": "Be brief.\n\nBe kind.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Where is this?"},
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Köln"}},
                    {"type": "tool_use", "id": "c2", "name": "weather", "input": {"city": "Bonn"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [{"type": "text", "text": '{"sky": "grey"}'}],
                    },
                    {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "rain"}]},
                    {"type": "text", "text": "And now?"},
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    ("messages", "turns"),
    [
        pytest.param([("system", "S")], [("user", "S")], id="a system prompt alone is asked"),
        pytest.param([("assistant", "A")], [("user", "Continue."), ("assistant", "A")], id="the user comes first"),
        pytest.param(
            [("user", "U"), ("assistant", "A: ")], [("user", "U"), ("assistant", "A:")], id="no blank at the end"
        ),
        pytest.param([("user", "U"), ("user", " "), ("user", "V")], [("user", "U", "V")], id="no empty text"),
    ],
)
def test_what_the_api_refuses_is_not_sent(messages: list[tuple[str, str]], turns: list[tuple[str, ...]]) -> None:
    request = Request.model_validate({"messages": [{"role": role, "content": said} for role, said in messages]})
    sent = (call(request).body or {})["messages"]
    assert [(turn["role"], *(block["text"] for block in turn["content"])) for turn in sent] == turns


@pytest.mark.parametrize(
    ("model", "max_tokens"), [(OLD, 4096), ("claude-3-5-sonnet-20241022", 8192), (NEW, 8192), ("claude-next", 8192)]
)
def test_the_limit_of_an_answer_must_be_said(model: str, max_tokens: int) -> None:
    assert (call(chat(), model).body or {})["max_tokens"] == max_tokens


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param({"temperature": 1.5, "top_p": 0.5, "top_k": 4, "stop": ["a", " "]},
                     {"temperature": 1.0, "top_p": 0.5, "top_k": 4, "stop_sequences": ["a"]}, id="sampling"),
        pytest.param({"seed": 1, "presence_penalty": 1}, {}, id="what it does not know"),
        pytest.param({"tools": [WEATHER]}, {"tools": [TOOL]}, id="tools"),
        pytest.param({"tools": [WEATHER], "tool_choice": "required"},
                     {"tools": [TOOL], "tool_choice": {"type": "any"}}, id="any tool"),
        pytest.param({"tools": [WEATHER], "tool_choice": NAMED},
                     {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "weather"}}, id="one tool"),
        pytest.param({"tools": [WEATHER], "tool_choice": "none"},
                     {"tools": [TOOL], "tool_choice": {"type": "none"}}, id="no tool"),
        pytest.param({"tools": [WEATHER], "extra": {"parallel_tool_calls": False}},
                     {"tools": [TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
                     id="one by one"),
        pytest.param({"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
                     {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, id="its own tools"),
        pytest.param({"extra": {"user": "u", "service_tier": "auto", "logprobs": True}},
                     {"metadata": {"user_id": "u"}, "service_tier": "auto"}, id="extra"),
        pytest.param(shaped("json_object"),
                     {"system": JSON_IN_WORDS}, id="json"),
    ],
)  # fmt: skip
def test_every_parameter_has_its_word(asked: dict[str, Any], said: dict[str, Any]) -> None:
    assert fields(chat(**asked)) == said


def test_a_new_model_is_held_to_a_schema_by_the_api_without_what_it_cannot_say() -> None:
    schema = {**SCHEMA, "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
    assert fields(chat(**shaped("json_schema"))) == {
        "output_config": {"format": {"type": "json_schema", "schema": schema}}
    }


def test_an_old_model_is_held_to_a_schema_by_a_tool() -> None:
    said = fields(chat(**shaped("json_schema")), OLD)
    assert said["tool_choice"] == {"type": "tool", "name": "answer"}
    assert [tool["input_schema"] for tool in said["tools"]] == [SCHEMA]


@pytest.mark.parametrize(
    ("model", "effort", "max_tokens", "said"),
    [
        pytest.param(
            NEW, "high", 9, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}, id="effort"
        ),
        pytest.param(
            NEW, "minimal", 9, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, id="least"
        ),
        pytest.param(NEW, "none", 9, {"thinking": {"type": "disabled"}, "temperature": 0.5}, id="none"),
        pytest.param(
            "claude-sonnet-4-5", "high", 40_000, {"thinking": {"type": "enabled", "budget_tokens": 16_384}}, id="budget"
        ),
        pytest.param(
            "claude-sonnet-4-5", "high", 4_000, {"thinking": {"type": "enabled", "budget_tokens": 2_000}}, id="half"
        ),
        pytest.param("claude-sonnet-4-5", "high", 1_000, {"temperature": 0.5}, id="no room"),
    ],
)
def test_thinking_goes_by_effort_or_by_budget_and_leaves_no_temperature(
    model: str, effort: str, max_tokens: int, said: dict[str, Any]
) -> None:
    assert fields(chat(reasoning_effort=effort, max_tokens=max_tokens, temperature=0.5), model) == said


def test_a_model_that_must_call_a_tool_does_not_think_before() -> None:
    said = fields(chat(reasoning_effort="high", tools=[WEATHER], tool_choice="required"), "claude-sonnet-4-5")
    assert "thinking" not in said


@pytest.mark.parametrize(
    ("model", "last", "thinks"),
    [
        pytest.param("claude-sonnet-4-5", [CALLING, RESULT], False, id="its thoughts before the call are gone"),
        pytest.param("claude-sonnet-4-5", [CALLING, RESULT, ASKING], False, id="also if the user adds to the result"),
        pytest.param("claude-sonnet-4-5", [SAYING], False, id="it cannot think in the middle of an answer"),
        pytest.param("claude-sonnet-4-5", [CALLING, RESULT, SAYING, ASKING], True, id="a new turn"),
        pytest.param(NEW, [CALLING, RESULT], True, id="models without budgets want nothing back"),
    ],
)
def test_a_model_of_budgets_does_not_think_in_the_middle_of_its_turn(
    model: str, last: list[Message], thinks: bool
) -> None:
    asked = Request(messages=(ASKING, *last), reasoning_effort="high", tools=(WEATHER,), max_tokens=9000)
    assert ("thinking" in fields(asked, model)) is thinks


def test_system_prompt_and_tools_are_marked_for_the_cache_where_that_is_wanted() -> None:
    api = Api(prompt_cache=True)
    mark = {"cache_control": {"type": "ephemeral"}}
    assert fields(Request.from_prompt("Hi", system="S"), api=api) == {"system": [{"type": "text", "text": "S", **mark}]}
    assert fields(chat(tools=[WEATHER]), api=api) == {"tools": [{**TOOL, **mark}]}
    assert fields(chat(), api=api) == {}


def test_a_stream_is_asked_for() -> None:
    assert fields(chat(), stream=True) == {"stream": True}


def test_the_prompt_of_a_completion_is_what_a_user_says() -> None:
    sent = (call(Request(kind="completion", prompt="def f(")).body or {})["messages"]
    assert sent == [{"role": "user", "content": [{"type": "text", "text": "def f("}]}]


@pytest.mark.parametrize(
    "request_",
    [Request(kind="embedding", input=("x",)), chat(messages=[{"role": "user", "content": " "}])],
    ids=["embeddings", "an empty prompt"],
)
def test_what_it_cannot_be_asked_is_refused_at_once(request_: Request) -> None:
    refused = Anthropic().encode(Ask(ROWS["anthropic"], "claude", NEW, request_))
    assert isinstance(refused, Failure)
    assert refused.fault is Fault.BAD_REQUEST


def test_tokens_are_counted_of_all_that_is_read() -> None:
    request = chat(tools=[WEATHER], temperature=0.5, max_tokens=5)
    counting = Anthropic().count(Ask(ROWS["anthropic"], "claude", NEW, request))
    assert counting == Call(
        "POST",
        "/v1/messages/count_tokens",
        {"model": NEW, "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "tools": [TOOL]},
    )
