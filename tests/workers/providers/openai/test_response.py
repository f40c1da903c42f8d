import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason, Usage
from workfleet.tasks.request import FunctionCall, Request, ToolCall
from workfleet.workers.providers.dialect import Ask, Reply
from workfleet.workers.providers.openai.dialect import OpenAICompatible
from workfleet.workers.providers.rows import ROWS

CHAT = Request.from_prompt("Name a colour.")
EMBEDDING = Request(kind="embedding", input=("a", "b"))
USAGE = {"prompt_tokens": 7, "completion_tokens": 5}


def decode(body: Any, request: Request = CHAT, *, row: str = "openai", **headers: str) -> Answer | Failure:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    ask = Ask(ROWS[row], "p", "asked", request)
    return OpenAICompatible().decode(ask, Reply(200, {k.replace("_", "-"): v for k, v in headers.items()}, data))


def answer(body: Any, request: Request = CHAT, *, row: str = "openai", **headers: str) -> Answer:
    decoded = decode(body, request, row=row, **headers)
    assert isinstance(decoded, Answer), decoded
    return decoded


def choice(finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": USAGE}


def test_an_answer_names_who_answered_and_what_it_took() -> None:
    body = {"id": "chatcmpl-1", "model": "gpt-5-2025", **choice(content="Blue.")}
    assert answer(body, x_request_id="req_1") == Answer(
        text="Blue.",
        finish_reason=FinishReason.STOP,
        raw_finish_reason="stop",
        usage=Usage(input_tokens=7, output_tokens=5),
        provider="p",
        model="gpt-5-2025",
        request_id="req_1",
    )


@pytest.mark.parametrize(
    ("finish", "message", "reason"),
    [
        ("stop", {"content": "x"}, FinishReason.STOP),
        ("eos", {"content": "x"}, FinishReason.STOP),
        ("length", {"content": "x"}, FinishReason.LENGTH),
        ("model_length", {"content": "x"}, FinishReason.LENGTH),
        ("tool_calls", {"tool_calls": [{"function": {"name": "f"}}]}, FinishReason.TOOL_CALLS),
        ("function_call", {"function_call": {"name": "f", "arguments": "{}"}}, FinishReason.TOOL_CALLS),
        ("stop", {"tool_calls": [{"function": {"name": "f"}}]}, FinishReason.TOOL_CALLS),
        ("length", {"tool_calls": [{"function": {"name": "f"}}]}, FinishReason.LENGTH),
        ("content_filter", {"content": "x"}, FinishReason.CONTENT_FILTER),
        ("stop", {"content": None, "refusal": "No."}, FinishReason.REFUSAL),
        ("something_new", {"content": "x"}, FinishReason.UNKNOWN),
        (None, {"content": "x"}, FinishReason.UNKNOWN),
    ],
)
def test_the_end_has_one_name(finish: str | None, message: dict[str, Any], reason: FinishReason) -> None:
    found = answer(choice(finish, **message))
    assert (found.finish_reason, found.raw_finish_reason) == (reason, finish)


def test_a_refusal_is_the_text() -> None:
    assert answer(choice(content=None, refusal="I cannot.")).text == "I cannot."


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
            ToolCall(id="c1", function=FunctionCall(name="f", arguments='{"a": 1}')),
        ),
        (
            {"function": {"name": "f", "arguments": {"a": 1}}},
            ToolCall(id="call_0", function=FunctionCall(name="f", arguments='{"a": 1}')),
        ),
        (
            {"id": None, "function": {"name": "f", "arguments": None}},
            ToolCall(id="call_0", function=FunctionCall(name="f", arguments="{}")),
        ),
    ],
    ids=["as OpenAI has it", "arguments as an object, no id", "nothing but a name"],
)
def test_tool_calls_have_an_id_and_arguments_as_text(call: dict[str, Any], expected: ToolCall) -> None:
    assert answer(choice("tool_calls", content=None, tool_calls=[call])).tool_calls == (expected,)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 3},
                "completion_tokens_details": {"reasoning_tokens": 11},
            },
            Usage(input_tokens=9, cached_read_tokens=3, output_tokens=4, reasoning_tokens=11),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_cache_hit_tokens": 3},
            Usage(input_tokens=9, cached_read_tokens=3, output_tokens=4),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": None, "prompt_tokens_details": None},
            Usage(input_tokens=9),
        ),
        (None, Usage(input_tokens=4, output_tokens=2, source="estimate")),
        ({}, Usage(input_tokens=4, output_tokens=2, source="estimate")),
    ],
    ids=["parts of input and output, as counted", "DeepSeek's cache", "nulls", "no count", "an empty count"],
)
def test_usage_is_the_providers_count_or_an_estimate(usage: Any, expected: Usage) -> None:
    assert answer({**choice(content="Blue."), "usage": usage}).usage == expected


@pytest.mark.parametrize(
    ("row", "usage", "cost", "source"),
    [
        ("openrouter", {"cost": 0.0042, "is_byok": False}, 0.0042, "receipt"),
        ("openrouter", {"cost": 0}, 0.0, "receipt"),
        ("openrouter", {}, None, None),
        (
            "openrouter",
            {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.01}},
            0.011,
            "receipt",
        ),
        ("openrouter", {"cost": 0.001, "is_byok": True}, None, None),
        ("groq", {"cost": 0.0042}, None, None),
        ("vllm", {}, 0.0, "local"),
    ],
    ids=[
        "charged",
        "free",
        "no receipt",
        "own key: fee and upstream",
        "own key, unknown upstream",
        "not its receipt",
        "local",
    ],
)
def test_cost_is_a_receipt_or_local_or_unknown(row: str, usage: Any, cost: float | None, source: str | None) -> None:
    found = answer({**choice(content="x"), "usage": {**USAGE, **usage}}, row=row).usage
    assert (found.cost_usd, found.cost_source) == (None if cost is None else pytest.approx(cost), source)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"error": {"message": "x", "code": 429}, "choices": None}, Fault.RATE_LIMITED),
        ({"choices": None}, Fault.SERVER),
        ({"choices": []}, Fault.SERVER),
        ({"id": "x"}, Fault.SERVER),
        ({"choices": [{"index": 0, "error": {"message": "x", "code": 502}}]}, Fault.SERVER),
        ({"choices": [{"index": 0, "message": {"content": "half"}, "finish_reason": "error"}]}, Fault.SERVER),
        (b"", Fault.SERVER),
        (b"<html>", Fault.SERVER),
        (b"[]", Fault.SERVER),
        (b"[" * 100_000, Fault.SERVER),
    ],
    ids=[
        "error",
        "null",
        "none",
        "absent",
        "error in the choice",
        "ended by an error",
        "empty",
        "HTML",
        "a list",
        "deep",
    ],
)
def test_an_answer_that_is_none_is_a_failure(body: Any, fault: Fault) -> None:
    decoded = decode(body)
    assert isinstance(decoded, Failure)
    assert decoded.fault is fault


def test_an_empty_text_is_an_answer() -> None:
    assert answer(choice("length", content="")).text == ""


def test_blank_lines_before_the_answer_do_no_harm() -> None:
    assert answer(b"\n \n\n" + json.dumps(choice(content="x")).encode()).text == "x"


def test_a_completion_has_its_text_in_the_choice() -> None:
    body = {"choices": [{"index": 0, "text": " = 2", "finish_reason": "stop"}], "usage": USAGE}
    assert answer(body, Request(kind="completion", prompt="1 + 1")).text == " = 2"


def test_the_first_of_several_choices_is_the_answer_and_the_body_has_them_all() -> None:
    both = [{"index": at, "message": {"content": text}, "finish_reason": "stop"} for at, text in ((1, "b"), (0, "a"))]
    found = answer({"choices": both}, Request.from_prompt("x", keep_body=True))
    assert (found.text, found.body) == ("a", {"choices": both})


def embeddings(*vectors: Any) -> dict[str, Any]:
    data = [{"index": at, "embedding": vector} for at, vector in vectors]
    return {"data": data, "model": "e", "usage": {"prompt_tokens": 3}}


@pytest.mark.parametrize(
    "body",
    [embeddings((0, [0.5, -2]), (1, [1, 0])), embeddings((1, [1, 0]), (0, "AAAAPwAAAMA="))],
    ids=["numbers", "packed, in another order"],
)
def test_embeddings_are_in_the_order_of_the_inputs(body: dict[str, Any]) -> None:
    found = answer(body, EMBEDDING)
    assert (found.embeddings, found.usage) == (((0.5, -2.0), (1.0, 0.0)), Usage(input_tokens=3))


@pytest.mark.parametrize(
    "body",
    [
        embeddings((0, [1.0])),
        embeddings((0, [1.0]), (0, [1.0])),
        embeddings((0, [1.0]), (1, [])),
        embeddings((0, [1.0]), (1, "?")),
        embeddings((0, [1.0]), (1, ["x"])),
        {"data": None},
    ],
    ids=["too few", "one twice", "an empty one", "bad base64", "no numbers", "none"],
)
def test_embeddings_that_do_not_match_the_inputs_are_a_failure(body: dict[str, Any]) -> None:
    assert decode(body, EMBEDDING) == Failure(
        Fault.SERVER, f"{len(body['data'] or [])} embeddings for 2 inputs, or some that cannot be read", status=200
    )
