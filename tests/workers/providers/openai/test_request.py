from typing import Any

import pytest

from workfleet.tasks.request import (
    FunctionCall,
    ImagePart,
    ImageURL,
    Message,
    Request,
    ResponseFormat,
    TextPart,
    ToolCall,
)
from workfleet.workers.providers.dialect import Ask
from workfleet.workers.providers.openai.request import encoded
from workfleet.workers.providers.rows import ROWS

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALL = ToolCall(id="c1", function=FunctionCall(name="f", arguments='{"a":1}'))


def body(row: str, request: Request, **fields: Any) -> dict[str, Any]:
    return encoded(Ask(ROWS[row], row, "m", request, **fields))


def test_a_chat_says_what_was_set_and_nothing_else() -> None:
    assert body("vllm", Request.from_prompt("Hi", system="Be brief.")) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "stream": False,
    }


def test_every_parameter_has_its_name() -> None:
    request = Request.from_prompt(
        "Hi",
        max_tokens=9,
        temperature=0.0,
        top_p=0.5,
        top_k=4,
        seed=0,
        stop=("a", "b"),
        frequency_penalty=0.1,
        presence_penalty=0.2,
        response_format=ResponseFormat(type="json_schema", json_schema={"name": "x", "schema": {}}),
        tools=(TOOL,),
        tool_choice="auto",
        reasoning_effort="low",
        extra={"min_p": 0.1},
    )
    assert body("vllm", request) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 4,
        "seed": 0,
        "stop": ["a", "b"],
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
        "tools": [TOOL],
        "tool_choice": "auto",
        "reasoning_effort": "low",
        "min_p": 0.1,
        "stream": False,
    }


@pytest.mark.parametrize(
    ("row", "request_", "fields"),
    [
        ("openai", Request.from_prompt("x", max_tokens=9), {"max_completion_tokens": 9}),
        ("groq", Request.from_prompt("x", max_tokens=9), {"max_completion_tokens": 9}),
        ("openrouter", Request.from_prompt("x", max_tokens=9), {"max_tokens": 9}),
        ("openai", Request.from_prompt("x", top_k=4), {}),
        ("together", Request.from_prompt("x"), {"context_length_exceeded_behavior": "error"}),
        (
            "together",
            Request.from_prompt("x", extra={"context_length_exceeded_behavior": "truncate"}),
            {"context_length_exceeded_behavior": "truncate"},
        ),
    ],
    ids=[
        "OpenAI's limit",
        "Groq's limit",
        "the others' limit",
        "top_k is not OpenAI's",
        "a cut prompt is an error",
        "the caller may want it cut",
    ],
)
def test_quirks_are_the_rows(row: str, request_: Request, fields: dict[str, Any]) -> None:
    said = body(row, request_)
    assert {name: said[name] for name in said if name not in ("model", "messages", "stream")} == fields


@pytest.mark.parametrize(
    ("row", "message", "written"),
    [
        ("openai", Message(role="developer", content="x"), {"role": "developer", "content": "x"}),
        ("vllm", Message(role="developer", content="x"), {"role": "system", "content": "x"}),
        ("vllm", Message(role="user", content="x", name="Ann"), {"role": "user", "content": "x", "name": "Ann"}),
        (
            "vllm",
            Message(role="assistant", tool_calls=(CALL,)),
            {"role": "assistant", "content": None, "tool_calls": [CALL.model_dump()]},
        ),
        (
            "vllm",
            Message(role="tool", content="7", tool_call_id="c1"),
            {"role": "tool", "content": "7", "tool_call_id": "c1"},
        ),
        ("vllm", Message(role="assistant", content=None), {"role": "assistant", "content": ""}),
        (
            "vllm",
            Message(role="user", content=(TextPart(text="see"), ImagePart(image_url=ImageURL(url="https://x/y.png")))),
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "see"},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                ],
            },
        ),
        (
            "openrouter",
            Message(role="assistant", content="x", reasoning="y"),
            {"role": "assistant", "content": "x", "reasoning": "y"},
        ),
        ("openai", Message(role="assistant", content="x", reasoning="y"), {"role": "assistant", "content": "x"}),
    ],
)
def test_messages_are_written_as_the_provider_takes_them(row: str, message: Message, written: dict[str, Any]) -> None:
    assert body(row, Request(messages=(message,)))["messages"] == [written]


@pytest.mark.parametrize(
    ("extra", "stream", "fields"),
    [
        ({}, True, {"stream": True, "stream_options": {"include_usage": True}}),
        (
            {"stream_options": {"include_obfuscation": False}},
            True,
            {"stream": True, "stream_options": {"include_obfuscation": False, "include_usage": True}},
        ),
        ({"stream": True, "stream_options": {"include_usage": True}}, False, {"stream": False}),
    ],
    ids=["with the usage", "options are kept", "the caller decides, not the request's extras"],
)
def test_a_stream_asks_for_its_usage(extra: dict[str, Any], stream: bool, fields: dict[str, Any]) -> None:
    said = body("vllm", Request.from_prompt("x", extra=extra), stream=stream)
    assert {name: said[name] for name in said if name.startswith("stream")} == fields


def test_a_completion_has_a_prompt_and_the_old_name_of_the_limit() -> None:
    request = Request(kind="completion", prompt="def f", max_tokens=4, extra={"echo": True})
    assert body("openai", request) == {"model": "m", "prompt": "def f", "max_tokens": 4, "echo": True, "stream": False}


def test_an_embedding_has_inputs() -> None:
    request = Request(kind="embedding", input=("a", "b"), dimensions=8, extra={"encoding_format": "base64"})
    expected = {"model": "m", "input": ["a", "b"], "dimensions": 8, "encoding_format": "base64"}
    assert body("openai", request) == expected
