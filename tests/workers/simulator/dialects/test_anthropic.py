from collections.abc import Callable
from typing import Any

import pytest

from workfleet.workers.simulator.timing import Timing

Write = Callable[..., Any]

PATH = "/v1/messages"

ASKED: dict[str, Any] = {"model": "m", "max_tokens": 20, "messages": [{"role": "user", "content": "What is a queue?"}]}

TOOL = {"name": "look_up", "input_schema": {"type": "object", "properties": {"word": {"type": "string"}}}}


def test_an_answer_is_a_message_of_blocks_with_its_counts(written: Write) -> None:
    body = written(PATH, ASKED).json
    (block,) = body.pop("content")
    assert (block["type"], bool(block["text"])) == ("text", True)
    assert body == {
        "model": "m",
        "id": "msg_sim0-00000007",
        "type": "message",
        "role": "assistant",
        "stop_reason": "max_tokens",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 4,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 20,
            "service_tier": "standard",
        },
    }


def test_a_stream_opens_fills_and_closes_each_block(written: Write) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    asked = ASKED | {"stream": True, "max_tokens": 2000, "thinking": thinking}
    got = written(PATH, asked, reasoning_tokens=5, timing=Timing(first_s=1, token_s=0.1))
    types = [event["type"] for event in got.events]
    assert types[:3] == ["message_start", "ping", "content_block_start"]
    assert types[-2:] == ["message_delta", "message_stop"]
    assert types.count("content_block_start") == types.count("content_block_stop") == 2
    kinds = [event["delta"]["type"] for event in got.events if event["type"] == "content_block_delta"]
    assert list(dict.fromkeys(kinds)) == ["thinking_delta", "signature_delta", "text_delta"]
    assert got.events[-2]["usage"]["output_tokens"] > got.events[0]["message"]["usage"]["output_tokens"] == 1
    dues = [frame.due_s for frame in got.script.frames]
    assert (dues[0], dues) == (1, sorted(dues))
    assert got.data.startswith(b"event: message_start\ndata: {")


def test_a_model_thinks_only_if_it_is_asked_to(written: Write) -> None:
    blocks = written(PATH, ASKED, reasoning_tokens=5).json["content"]
    assert [block["type"] for block in blocks] == ["text"]


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "look_up"}])
def test_a_forced_tool_is_used_whole_and_streamed(written: Write, choice: dict[str, str]) -> None:
    asked = ASKED | {"tools": [TOOL], "tool_choice": choice}
    whole = written(PATH, asked).json
    assert (whole["stop_reason"], whole["content"][0]["input"]) == ("tool_use", {"word": "as asked"})
    deltas = [event["delta"] for event in written(PATH, asked | {"stream": True}).events if "delta" in event]
    pieces = [delta["partial_json"] for delta in deltas if "partial_json" in delta]
    assert (pieces[0], "".join(pieces)) == ("", '{"word": "as asked"}')


def test_a_tools_result_is_answered_in_prose(written: Write) -> None:
    use = {"type": "tool_use", "id": "t", "name": "look_up", "input": {"word": "queue"}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "a line of look_up"}
    turns = [*ASKED["messages"], {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    assert written(PATH, ASKED | {"messages": turns, "tools": [TOOL]}).json["content"][0]["type"] == "text"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, 'messages: first message must use the "user" role'),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages.0.role: Input should be 'user' or 'assistant'"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, "`max_tokens` must be greater than"),
        ({"model": ""}, "model: Field required"),
    ],
    ids=["no limit", "no message", "assistant first", "unknown role", "budget above the limit", "no model"],
)
def test_what_the_api_refuses_is_refused(written: Write, changes: dict[str, Any], message: str) -> None:
    got = written(PATH, ASKED | changes)
    assert (got.status, got.json["error"]["type"]) == (400, "invalid_request_error")
    assert got.json["error"]["message"].startswith(message)


def test_models_come_a_page_at_a_time(written: Write) -> None:
    names = {"models": ("a", "b", "c")}
    first = written("/anthropic/v1/models?limit=2", method="GET", **names).json
    assert ([row["id"] for row in first["data"]], first["has_more"], first["last_id"]) == (["a", "b"], True, "b")
    last = written("/anthropic/v1/models?limit=2&after_id=b", method="GET", **names).json
    assert ([row["id"] for row in last["data"]], last["has_more"]) == (["c"], False)


def test_tokens_are_counted_without_an_answer(written: Write) -> None:
    asked = {"model": "m", "messages": ASKED["messages"], "system": "Be brief."}
    assert written("/v1/messages/count_tokens", asked).json == {"input_tokens": 7}
