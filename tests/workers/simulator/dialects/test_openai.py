import base64
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest

from workfleet.workers.simulator.script import Part
from workfleet.workers.simulator.timing import Timing

Write = Callable[..., Any]

PATH = "/v1/chat/completions"

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "What is a queue?"}], "max_tokens": 3}

NOTHING: dict[str, Any] = {}

NONE: list[Any] = []

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"properties": {"city": {"enum": ["Rome"]}}}}}

USAGE = {
    "prompt_tokens": 4,
    "completion_tokens": 3,
    "total_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}


def test_a_whole_answer_is_as_openai_sends_it(written: Write) -> None:
    got = written(PATH, CHAT)
    text = got.json["choices"][0]["message"]["content"]
    assert (got.status, len(text), got.script.content_type) == (200, 12, "application/json")
    assert got.json == {
        "id": "chatcmpl-sim0-00000007",
        "object": "chat.completion",
        "created": 1_750_000_000,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "length",
            }
        ],
        "service_tier": "default",
        "system_fingerprint": "fp_sim",
        "usage": USAGE,
    }


def test_a_stream_is_a_role_a_token_an_event_a_reason_the_usage_and_done(written: Write) -> None:
    got = written(PATH, CHAT | {"stream": True, "stream_options": {"include_usage": True}})
    assert got.script.content_type == "text/event-stream; charset=utf-8"
    assert got.data.endswith(b"\n\ndata: [DONE]\n\n")
    choices = [event["choices"][0] if event["choices"] else None for event in got.events]
    text = written(PATH, CHAT).json["choices"][0]["message"]["content"]
    assert [choice and choice["delta"] for choice in choices] == [
        {"role": "assistant", "content": ""},
        {"content": text[:4]},
        {"content": text[4:8]},
        {"content": text[8:]},
        {},
        None,
    ]
    assert [choice and choice["finish_reason"] for choice in choices] == [None, None, None, None, "length", None]
    assert [event["usage"] for event in got.events] == [None, None, None, None, None, USAGE]
    assert {(event["id"], event["object"], event["model"]) for event in got.events} == {
        ("chatcmpl-sim0-00000007", "chat.completion.chunk", "m")
    }


def test_a_stream_tells_no_usage_unless_asked(written: Write) -> None:
    assert all("usage" not in event for event in written(PATH, CHAT | {"stream": True}).events)


def test_tokens_are_due_one_after_the_other(written: Write) -> None:
    got = written(PATH, CHAT | {"stream": True}, timing=Timing(load_s=1, first_s=0.5, token_s=0.1))
    due = [(frame.part, round(frame.due_s, 6)) for frame in got.script.frames]
    tokens = [(Part.TEXT, 1.5), (Part.TEXT, 1.6), (Part.TEXT, 1.7)]
    assert due == [(Part.HEAD, 1.5), *tokens, (Part.LAST, 1.7), (Part.END, 1.7)]
    assert written(PATH, CHAT, timing=Timing(1, 0.5, 0.1)).script.total_s == pytest.approx(1.7)


def test_several_choices_come_side_by_side(written: Write) -> None:
    whole = written(PATH, CHAT | {"n": 2}).json
    assert [choice["index"] for choice in whole["choices"]] == [0, 1]
    assert whole["usage"]["completion_tokens"] == 6
    events = written(PATH, CHAT | {"n": 2, "stream": True}, timing=Timing(token_s=1)).events
    assert [event["choices"][0]["index"] for event in events] == [0, 0, 1, 1, 0, 1, 0, 0, 1, 1]


def test_a_forced_tool_is_called(written: Write) -> None:
    body = CHAT | {"tools": [TOOL], "tool_choice": "required", "max_tokens": 100}
    choice = written(PATH, body).json["choices"][0]
    call = {"id": "call_sim0-00000007", "type": "function"}
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"] == [
        {**call, "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
    ]


def test_a_streamed_tool_call_comes_in_fragments_that_belong_together(written: Write) -> None:
    body = CHAT | {"tools": [TOOL], "tool_choice": TOOL | {"parameters": None}, "max_tokens": 100, "stream": True}
    deltas = [event["choices"][0]["delta"] for event in written(PATH, body).events if event["choices"]]
    fragments = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    first = {"id": "call_sim0-00000007", "type": "function", "index": 0}
    assert fragments[0] == {**first, "function": {"name": "weather", "arguments": ""}}
    assert "".join(fragment["function"]["arguments"] for fragment in fragments) == '{"city": "Rome"}'


def test_a_completion_is_text(written: Write) -> None:
    got = written("/v1/completions", {"model": "m", "prompt": "What is a queue?", "max_tokens": 3}).json
    assert (got["object"], list(got["choices"][0])) == (
        "text_completion",
        ["index", "text", "logprobs", "finish_reason"],
    )
    events = written(
        "/v1/completions", {"model": "m", "prompt": "What is a queue?", "max_tokens": 3, "stream": True}
    ).events
    assert "".join(event["choices"][0]["text"] for event in events) == got["choices"][0]["text"]


def test_each_prompt_of_several_has_its_choice(written: Write) -> None:
    got = written("/v1/completions", {"model": "m", "prompt": ["a", [1, 2, 3], "b"][0::2], "max_tokens": 2}).json
    assert len(got["choices"]) == 2
    assert len(written("/v1/completions", {"model": "m", "prompt": [1, 2, 3]}).json["choices"]) == 1


def test_json_is_of_the_schema(written: Write) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    got = written(PATH, CHAT | {"response_format": wanted, "max_tokens": 100}).json
    assert json.loads(got["choices"][0]["message"]["content"]) == {"ok": True}


def test_embeddings_are_in_the_order_of_the_inputs_as_numbers_or_base64(written: Write) -> None:
    body = {"model": "m", "input": ["one", "two two two"], "dimensions": 4}
    got = written("/v1/embeddings", body).json
    assert [row["index"] for row in got["data"]] == [0, 1]
    assert (got["usage"], got["model"]) == ({"prompt_tokens": 4, "total_tokens": 4}, "m")
    packed = written("/v1/embeddings", body | {"encoding_format": "base64"}).json["data"][1]["embedding"]
    numbers = struct.unpack("<4f", base64.b64decode(packed))
    assert numbers == pytest.approx(got["data"][1]["embedding"], abs=1e-6)


def test_a_listing_has_the_models(written: Write) -> None:
    got = written("/v1/models", method="GET", models=("a", "b"), flavour="vllm", context_tokens=4096).json
    assert (got["object"], [row["id"] for row in got["data"]]) == ("list", ["a", "b"])
    assert {row["max_model_len"] for row in got["data"]} == {4096}


def test_one_model_can_be_asked_for(written: Write) -> None:
    assert written("/v1/models/sim-chat", method="GET").json["id"] == "sim-chat"
    assert written("/v1/models/none", method="GET").status == 404


def test_metrics_tell_the_load_in_vllms_names(written: Write) -> None:
    text = written("/metrics", method="GET", slots=4).data.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    label = '{engine="0",model_name="sim-chat"}'
    assert values == {
        f"vllm:num_requests_running{label}": "3.0",
        f"vllm:num_requests_waiting{label}": "2.0",
        f"vllm:kv_cache_usage_perc{label}": "0.75",
        f"vllm:prompt_tokens_total{label}": "10.0",
        f"vllm:generation_tokens_total{label}": "20.0",
        'vllm:request_success_total{engine="0",model_name="sim-chat",finished_reason="stop"}': "4.0",
    }


@pytest.mark.parametrize("path", ["/health", "/healthz", "/readyz"])
def test_health_is_an_empty_200(written: Write, path: str) -> None:
    got = written(path, method="GET")
    assert (got.status, got.data) == (200, b"")


def test_the_version_is_vllms_and_the_account_openrouters(written: Write) -> None:
    assert written("/version", method="GET").json == {"version": "0.32.0"}
    assert written("/api/v1/key", method="GET").json["data"]["is_free_tier"] is False


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai/v1", "/api/v1", "/some/gateway/v1"])
def test_any_prefix_of_a_base_url_will_do(written: Write, prefix: str) -> None:
    assert written(f"{prefix}/chat/completions", CHAT).status == 200


@pytest.mark.parametrize(
    ("body", "status", "param", "says"),
    [
        pytest.param(b"{x", 400, None, "could not parse the JSON", id="not JSON"),
        pytest.param(b"[]", 400, None, "could not parse the JSON", id="not an object"),
        pytest.param({"messages": []}, 400, None, "must provide a model", id="no model"),
        pytest.param({"model": "m"}, 400, "messages", "Missing required parameter", id="no messages"),
        pytest.param(CHAT | {"messages": NONE}, 400, "messages", "[] is too short", id="empty messages"),
        pytest.param(CHAT | {"messages": ["hi"]}, 400, "messages[0]", "expected an object", id="a message is text"),
        pytest.param(CHAT | {"messages": [{"role": "boss"}]}, 400, "messages[0].role", "'boss'", id="unknown role"),
        pytest.param(CHAT | {"max_tokens": -5}, 400, "max_tokens", "but got -5", id="negative max_tokens"),
        pytest.param(CHAT | {"max_tokens": "5"}, 400, "max_tokens", "expected an integer", id="max_tokens is text"),
        pytest.param(CHAT | {"temperature": 3}, 400, "temperature", "<= 2, but got 3", id="too hot"),
        pytest.param(CHAT | {"n": 1000}, 400, "n", "<= 128", id="too many choices"),
        pytest.param(CHAT | {"stream": "yes"}, 400, "stream", "expected a boolean", id="stream is text"),
        pytest.param(CHAT | {"tools": [NOTHING]}, 400, "tools[0].function", "Missing", id="a tool without a function"),
        pytest.param(CHAT | {"tool_choice": "required"}, 400, "tool_choice", "only allowed", id="no tool to force"),
        pytest.param(
            CHAT | {"tools": [TOOL], "tool_choice": {"function": {"name": "x"}}},
            400,
            "tool_choice",
            "'x'",
            id="other tool",
        ),
        pytest.param(CHAT | {"response_format": {"type": "xml"}}, 400, "response_format.type", "'xml'", id="not JSON"),
    ],
)
def test_a_bad_request_is_named(written: Write, body: object, status: int, param: str | None, says: str) -> None:
    got = written(PATH, body)
    error = got.json["error"]
    assert (got.status, error["param"], error["type"]) == (status, param, "invalid_request_error")
    assert says in error["message"]


def test_an_unlisted_model_is_not_found_if_only_listed_ones_are_served(written: Write) -> None:
    got = written(PATH, CHAT, strict_models=True)
    assert (got.status, got.json["error"]["code"]) == (404, "model_not_found")


def test_an_unknown_path_and_a_wrong_method_are_errors_of_the_api(written: Write) -> None:
    assert (written("/v1/nothing", CHAT).status, written(PATH, method="GET").status) == (404, 405)


@pytest.mark.parametrize(
    ("flavour", "says"),
    [
        ("openai", "maximum context length is 100 tokens. However, your messages resulted in 200 tokens."),
        ("vllm", "your prompt contains at least 200 input tokens, which exceeds this limit"),
        ("groq", "Please reduce the length of the messages or completion."),
        ("openrouter", "you requested about 203 tokens (200 of text input, 3 in the output)"),
    ],
)
def test_a_prompt_beyond_the_context_is_refused_in_the_providers_words(written: Write, flavour: str, says: str) -> None:
    body = CHAT | {"messages": [{"role": "user", "content": "x" * 800}]}
    got = written(PATH, body, context_tokens=100, flavour=flavour)
    assert (got.status, says in got.json["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("flavour", "says"),
    [
        ("openai", "you requested 504 tokens (4 in the messages, 500 in the completion)"),
        ("vllm", "you requested 500 output tokens and your prompt contains at least 4 input tokens"),
    ],
)
def test_prompt_and_answer_have_to_fit_together(written: Write, flavour: str, says: str) -> None:
    got = written(PATH, CHAT | {"max_tokens": 500}, context_tokens=100, flavour=flavour)
    assert (got.status, says in got.json["error"]["message"]) == (400, True)
