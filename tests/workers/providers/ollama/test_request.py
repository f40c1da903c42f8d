from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
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
from workfleet.workers.providers.dialect import Ask, Call
from workfleet.workers.providers.ollama.dialect import Ollama
from workfleet.workers.providers.rows import ROWS

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {}}}
CALL = ToolCall(id="c1", function=FunctionCall(name="f", arguments='{"a": 1}'))
NEVER_CUT = {"truncate": False, "shift": False}


def encode(request: Request, **fields: Any) -> Call:
    call = Ollama().encode(Ask(ROWS["ollama"], "o", "qwen3:4b", request, **fields))
    assert isinstance(call, Call), call
    return call


def body(request: Request, **fields: Any) -> dict[str, Any]:
    said = encode(request, **fields).body
    assert said is not None
    return said


def test_a_chat_asks_for_a_window_and_never_to_be_cut() -> None:
    assert encode(Request.from_prompt("Hi", system="Be brief.")) == Call(
        "POST",
        "/api/chat",
        {
            "model": "qwen3:4b",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            "options": {"num_ctx": 4096},
            "stream": False,
            **NEVER_CUT,
        },
        window=4096,
    )


def test_parameters_are_options() -> None:
    request = Request.from_prompt(
        "Hi",
        max_tokens=9,
        temperature=0.0,
        top_p=0.5,
        top_k=4,
        seed=0,
        stop=("a",),
        frequency_penalty=0.1,
        presence_penalty=0.2,
        extra={"min_p": 0.05, "repetition_penalty": 1.1, "options": {"num_gpu": 1}, "logit_bias": {}},
    )
    assert body(request)["options"] == {
        "num_ctx": 4096,
        "num_predict": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 4,
        "seed": 0,
        "stop": ["a"],
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "min_p": 0.05,
        "repeat_penalty": 1.1,
        "num_gpu": 1,
    }


@pytest.mark.parametrize(
    ("fields", "window"),
    [
        ({}, 4096),
        ({"context_tokens": 2048}, 2048),
        ({"window": 16384}, 16384),
    ],
    ids=["from the request", "within the model's", "not below the last one"],
)
def test_the_window_is_told_to_whoever_calls(fields: dict[str, Any], window: int) -> None:
    call = encode(Request.from_prompt("Hi"), **fields)
    assert (call.window, (call.body or {})["options"]["num_ctx"]) == (window, window)


def test_a_window_of_the_callers_own_wins() -> None:
    request = Request.from_prompt("Hi", extra={"options": {"num_ctx": 1234}})
    assert encode(request, window=8192).window == 1234


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"response_format": ResponseFormat(type="json_object")}, {"format": "json"}),
        (
            {
                "response_format": ResponseFormat(
                    type="json_schema", json_schema={"name": "x", "schema": {"type": "object"}}
                )
            },
            {"format": {"type": "object"}},
        ),
        ({"response_format": ResponseFormat(type="text")}, {}),
        ({"reasoning_effort": "none"}, {"think": False}),
        ({"reasoning_effort": "high"}, {"think": "high"}),
        ({"reasoning_effort": "minimal"}, {"think": "low"}),
        ({"extra": {"think": True, "keep_alive": -1}}, {"think": True, "keep_alive": -1}),
        ({"tools": (TOOL,)}, {"tools": [TOOL]}),
    ],
    ids=["JSON", "a schema", "text", "no thinking", "much", "little", "Ollama's own fields", "tools"],
)
def test_the_shape_of_the_answer_is_asked_for(fields: dict[str, Any], said: dict[str, Any]) -> None:
    known = {"model", "messages", "options", "stream", *NEVER_CUT}
    assert {k: v for k, v in body(Request.from_prompt("x", **fields)).items() if k not in known} == said


def test_a_tool_call_has_an_object_and_its_result_the_name_of_the_tool() -> None:
    request = Request(
        messages=(
            Message(role="developer", content="x"),
            Message(role="assistant", tool_calls=(CALL,), reasoning="Hm."),
            Message(role="tool", content="7", tool_call_id="c1"),
            Message(role="tool", content="8", tool_call_id="unknown", name="g"),
        )
    )
    assert body(request)["messages"] == [
        {"role": "system", "content": "x"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
            "thinking": "Hm.",
        },
        {"role": "tool", "content": "7", "tool_name": "f"},
        {"role": "tool", "content": "8", "tool_name": "g"},
    ]


def picture(url: str) -> Request:
    parts = (TextPart(text="What is it?"), ImagePart(image_url=ImageURL(url=url)))
    return Request(messages=(Message(role="user", content=parts),))


def test_an_image_goes_beside_the_text() -> None:
    assert body(picture("data:image/png;base64,iVBORw0="))["messages"] == [
        {"role": "user", "content": "What is it?", "images": ["iVBORw0="]}
    ]


def test_an_image_by_address_cannot_be_said() -> None:
    refused = Ollama().encode(Ask(ROWS["ollama"], "o", "m", picture("https://x/y.png")))
    assert refused == Failure(Fault.BAD_REQUEST, "Ollama takes images as data URLs with base64, not by address")


def test_a_completion_has_a_prompt() -> None:
    call = encode(Request(kind="completion", prompt="def f", max_tokens=4, extra={"raw": True}), stream=True)
    assert (call.path, call.body) == (
        "/api/generate",
        {
            "model": "qwen3:4b",
            "prompt": "def f",
            "options": {"num_ctx": 4096, "num_predict": 4},
            "stream": True,
            "raw": True,
            **NEVER_CUT,
        },
    )


def test_an_embedding_has_all_its_inputs_and_no_window() -> None:
    request = Request(kind="embedding", input=("a", "b"), dimensions=8)
    assert encode(request) == Call(
        "POST",
        "/api/embed",
        {"model": "qwen3:4b", "input": ["a", "b"], "truncate": False, "dimensions": 8},
    )
