from collections.abc import Callable
from typing import Any

import pytest

Write = Callable[..., Any]

CHAT = "/v2/chat"

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "What is a queue?"}], "max_tokens": 5}

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"properties": {"word": {"type": "string"}}}}}


def test_an_answer_has_content_parts_and_two_counts(written: Write) -> None:
    got = written(CHAT, ASKED)
    body = got.json
    (part,) = body["message"].pop("content")
    assert (part["type"], bool(part["text"])) == ("text", True)
    assert body == {
        "id": "sim0-00000007",
        "finish_reason": "MAX_TOKENS",
        "message": {"role": "assistant"},
        "usage": {
            "billed_units": {"input_tokens": 2, "output_tokens": 3},
            "tokens": {"input_tokens": 4, "output_tokens": 5},
            "cached_tokens": 0,
        },
    }
    assert got.script.headers == {"num_chars": "16", "num_tokens": "4"}


def test_a_stream_names_its_events_and_ends_with_the_usage(written: Write) -> None:
    got = written(CHAT, ASKED | {"stream": True, "max_tokens": 500}, reasoning_tokens=5)
    types = list(dict.fromkeys(event["type"] for event in got.events))
    assert types == ["message-start", "content-start", "content-delta", "content-end", "message-end"]
    assert got.data.startswith(b"event: message-start\ndata: {")
    assert got.events[-1]["delta"]["finish_reason"] == "COMPLETE"
    assert got.events[-1]["delta"]["usage"]["tokens"]["input_tokens"] == 4
    parts = [event["delta"]["message"]["content"] for event in got.events if event["type"] == "content-delta"]
    assert list(dict.fromkeys(key for part in parts for key in part)) == ["thinking", "text"]


def test_a_call_is_planned_and_made(written: Write) -> None:
    asked = ASKED | {"tools": [TOOL], "tool_choice": "REQUIRED"}
    body = written(CHAT, asked).json
    assert (body["finish_reason"], body["message"]["tool_plan"]) == ("TOOL_CALL", "I will call look_up.")
    assert body["message"]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": '{"word": "as asked"}'}
    deltas = [event for event in written(CHAT, asked | {"stream": True}).events if event["type"] == "tool-call-delta"]
    pieces = [event["delta"]["message"]["tool_calls"]["function"]["arguments"] for event in deltas]
    assert "".join(pieces) == '{"word": "as asked"}'


def test_embeddings_need_to_know_what_they_are_for(written: Write) -> None:
    asked = {"model": "m", "texts": ["a", "a"], "output_dimension": 4}
    assert written("/v2/embed", asked).status == 400
    body = written("/v2/embed", asked | {"input_type": "search_query"}).json
    first, second = body["embeddings"]["float"]
    assert (first == second, len(first), body["meta"]["billed_units"]) == (True, 4, {"input_tokens": 2})
    assert written("/v2/embed", asked | {"input_type": "search_query", "texts": ["a"] * 97}).status == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": []},
        {"messages": [{"role": "model", "content": "a"}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"tool_choice": "REQUIRED"},
        {"p": 1.0},
    ],
    ids=["no message", "unknown role", "an empty one", "a call without tools", "p out of range"],
)
def test_what_the_api_refuses_is_refused(written: Write, changes: dict[str, Any]) -> None:
    got = written(CHAT, ASKED | changes)
    assert (got.status, set(got.json)) == (400, {"id", "message"})


def test_models_and_tokens_and_keys_are_told(written: Write) -> None:
    page = written("/v1/models?page_size=1", method="GET").json
    assert ([row["name"] for row in page["models"]], page["next_page_token"]) == (["sim-chat"], "1")
    assert written("/v1/tokenize", {"model": "m", "text": "a queue"}).json["token_strings"] == ["a qu", "eue"]
    assert written("/v1/check-api-key", {}).json["valid"] is True
