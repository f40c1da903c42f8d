import json
from collections.abc import Callable
from typing import Any

import pytest

from workfleet.workers.simulator.timing import Timing

Write = Callable[..., Any]

CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "What is a queue?"}],
    "options": {"num_predict": 3},
}

WHOLE = CHAT | {"stream": False}

AT = "2025-06-15T15:06:40.250000Z"

TIMING = Timing(load_s=1, first_s=0.5, token_s=0.1)

DURATIONS = {
    "total_duration": 1_700_000_000,
    "load_duration": 1_000_000_000,
    "prompt_eval_duration": 500_000_000,
    "eval_duration": 300_000_000,
}

NOTHING: dict[str, Any] = {}

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"properties": {"city": {"enum": ["Rome"]}}}}}


def test_a_whole_answer_is_one_object_with_durations_in_nanoseconds(written: Write) -> None:
    got = written("/api/chat", WHOLE, timing=TIMING)
    text = got.json["message"]["content"]
    assert (got.status, len(text)) == (200, 12)
    assert got.json == {
        "model": "m",
        "created_at": AT,
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": "length",
        **DURATIONS,
        "prompt_eval_count": 4,
        "eval_count": 3,
    }


def test_it_streams_unless_told_otherwise_a_line_for_each_token(written: Write) -> None:
    got = written("/api/chat", CHAT, timing=TIMING)
    text = written("/api/chat", WHOLE).json["message"]["content"]
    head = {"model": "m", "created_at": AT}
    assert got.script.content_type == "application/x-ndjson"
    assert got.lines == [
        *({**head, "message": {"role": "assistant", "content": text[at : at + 4]}, "done": False} for at in (0, 4, 8)),
        {
            **head,
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "length",
            **DURATIONS,
            "prompt_eval_count": 4,
            "eval_count": 3,
        },
    ]
    assert [round(frame.due_s, 6) for frame in got.script.frames] == [1.5, 1.6, 1.7, 1.7]


def test_a_zero_disappears(written: Write) -> None:
    assert "load_duration" not in written("/api/chat", WHOLE).json


def test_generate_has_response_in_place_of_message(written: Write) -> None:
    body = {"model": "m", "prompt": "What is a queue?", "options": {"num_predict": 3}}
    lines = written("/api/generate", body).lines
    assert [list(line) for line in lines[:-1]] == [["model", "created_at", "response", "done"]] * 3
    assert (lines[-1]["response"], lines[-1]["context"]) == ("", [])
    whole = written("/api/generate", body | {"stream": False}).json
    assert whole["response"] == "".join(line["response"] for line in lines)


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/api/chat", {"model": "m", "messages": []}, "load"),
        ("/api/generate", {"model": "m"}, "load"),
        ("/api/chat", {"model": "m", "messages": [], "keep_alive": 0}, "unload"),
    ],
)
def test_to_ask_nothing_loads_or_unloads_the_model(written: Write, path: str, body: object, reason: str) -> None:
    got = written(path, body, timing=TIMING)
    assert (got.json["done"], got.json["done_reason"], got.script.total_s) == (True, reason, 1.0)


def test_tool_calls_have_objects_as_arguments(written: Write) -> None:
    asked = [{"role": "user", "content": "Use weather."}]
    body = CHAT | {"messages": asked, "tools": [TOOL], "options": NOTHING}
    call = [{"function": {"name": "weather", "arguments": {"city": "Rome"}}}]
    assert written("/api/chat", body | {"stream": False}).json["message"]["tool_calls"] == call
    first, last = written("/api/chat", body).lines
    assert (first["message"]["tool_calls"], last["done_reason"]) == (call, "stop")
    results = [*asked, {"role": "tool", "content": "weather: sunny"}]
    assert "tool_calls" not in written("/api/chat", body | {"messages": results, "stream": False}).json["message"]


@pytest.mark.parametrize(
    ("format_", "answer"),
    [("json", {"answer": "as asked"}), ({"properties": {"ok": {"type": "boolean"}}}, {"ok": True})],
)
def test_a_format_is_kept(written: Write, format_: object, answer: object) -> None:
    got = written("/api/chat", WHOLE | {"format": format_, "options": NOTHING}).json
    assert json.loads(got["message"]["content"]) == answer


def test_thinking_is_apart_from_the_answer(written: Write) -> None:
    body = CHAT | {"options": NOTHING}
    message = written("/api/chat", body | {"stream": False}, reasoning_tokens=10).json["message"]
    lines = written("/api/chat", body, reasoning_tokens=10).lines
    assert "".join(line["message"].get("thinking", "") for line in lines) == message["thinking"] != ""
    assert "".join(line["message"]["content"] for line in lines) == message["content"] != ""
    unasked = written("/api/chat", body | {"stream": False, "think": False}, reasoning_tokens=10).json
    assert "thinking" not in unasked["message"]


def test_a_prompt_beyond_num_ctx_is_cut_where_it_begins_and_nobody_is_told(written: Write) -> None:
    long = [{"role": "system", "content": "x" * 4_000}, {"role": "user", "content": "What is a queue?"}]
    got = written("/api/chat", WHOLE | {"messages": long, "options": {"num_ctx": 64}})
    assert (got.status, got.json["prompt_eval_count"]) == (200, 64)
    assert written("/api/chat", WHOLE | {"messages": long}, num_ctx=128).json["prompt_eval_count"] == 128


@pytest.mark.parametrize("asked", ["truncate", "shift"])
def test_a_prompt_beyond_num_ctx_is_an_error_for_who_asks_for_one(written: Write, asked: str) -> None:
    long = [{"role": "user", "content": "x" * 4_000}]
    got = written("/api/chat", WHOLE | {"messages": long, "options": {"num_ctx": 64}, asked: False})
    assert got.status == 400
    assert json.loads(got.json["error"]) == {
        "error": {
            "code": 400,
            "message": "request (1000 tokens) exceeds the available context size (64 tokens), try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 1000,
            "n_ctx": 64,
        }
    }


def test_embeddings_come_in_two_forms(written: Write) -> None:
    got = written(
        "/api/embed", {"model": "m", "input": ["a", "b"]}, embedding_dimensions=4, timing=Timing(first_s=0.5)
    ).json
    assert (len(got["embeddings"]), got["prompt_eval_count"], got["total_duration"]) == (2, 2, 500_000_000)
    old = written("/api/embeddings", {"model": "m", "prompt": "a"}, embedding_dimensions=4).json
    assert old == {"embedding": got["embeddings"][0]}


def test_a_text_to_embed_beyond_the_context_is_cut_or_refused(written: Write) -> None:
    body = {"model": "m", "input": "x" * 4_000, "options": {"num_ctx": 64}}
    assert written("/api/embed", body).json["prompt_eval_count"] == 64
    refused = written("/api/embed", body | {"truncate": False})
    assert (refused.status, refused.json) == (400, {"error": "the input length exceeds the context length"})


def test_models_are_listed_with_their_tags(written: Write) -> None:
    rows = written("/api/tags", method="GET", models=("a", "b:7b")).json["models"]
    assert [row["name"] for row in rows] == ["a:latest", "b:7b"]
    assert rows[0]["details"]["quantization_level"] == "Q4_K_M"


def test_models_in_memory_tell_their_context_and_when_they_go(written: Write) -> None:
    (row,) = written("/api/ps", method="GET").json["models"]
    assert (row["name"], row["context_length"], row["expires_at"]) == ("m:latest", 4096, "2025-06-15T15:07:40.250000Z")


def test_one_model_is_shown_with_its_context_length(written: Write) -> None:
    got = written("/api/show", {"model": "sim-chat"}, context_tokens=32_768).json
    assert got["model_info"][f"{got['model_info']['general.architecture']}.context_length"] == 32_768
    assert got["capabilities"] == ["completion", "tools"]
    assert written("/api/show", {"model": "sim-embed"}).json["capabilities"] == ["embedding"]


def test_a_pull_tells_the_progress_of_several_layers(written: Write) -> None:
    got = written("/api/pull", {"model": "new"}, load_s=2)
    lines = got.lines
    assert (lines[0], lines[-1], got.script.adds) == ({"status": "pulling manifest"}, {"status": "success"}, "new")
    layers = {line["digest"]: line["total"] for line in lines if "digest" in line}
    done = {line["digest"]: line["completed"] for line in lines if "completed" in line}
    assert (len(layers), done) == (4, layers)
    assert got.script.total_s == pytest.approx(2)
    assert written("/api/pull", {"model": "new", "stream": False}).json == {"status": "success"}


def test_a_deleted_model_is_gone(written: Write) -> None:
    assert written("/api/delete", {"model": "sim-chat"}, method="DELETE").script.removes == "sim-chat"
    assert written("/api/delete", {"model": "none"}, method="DELETE").status == 404


def test_the_root_says_that_it_is_running(written: Write) -> None:
    assert written("/", method="GET").data == b"Ollama is running"
    assert list(written("/api/version", method="GET").json) == ["version"]


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        pytest.param("/api/chat", b"{x", 400, "invalid character", id="not JSON"),
        pytest.param("/api/chat", {"messages": []}, 400, "model is required", id="no model"),
        pytest.param("/api/chat", CHAT | {"think": True}, 400, '"m" does not support thinking', id="cannot think"),
        pytest.param("/api/chat", CHAT | {"messages": [{"content": 7}]}, 400, "cannot unmarshal int", id="no text"),
        pytest.param("/api/chat", CHAT | {"format": "xml"}, 400, 'invalid format: "xml"', id="unknown format"),
        pytest.param("/api/chat", CHAT | {"tools": [NOTHING]}, 400, "cannot unmarshal tools", id="no function"),
        pytest.param("/api/chat", CHAT | {"options": [NOTHING]}, 400, "expected an object", id="options are no object"),
        pytest.param("/api/show", {}, 400, "model is required", id="nothing to show"),
    ],
)
def test_a_bad_request_is_an_error_with_a_line_of_text(
    written: Write, path: str, body: object, status: int, error: str
) -> None:
    got = written(path, body)
    assert (got.status, list(got.json)) == (status, ["error"])
    assert error in got.json["error"]


@pytest.mark.parametrize("path", ["/api/chat", "/api/show"])
def test_an_unlisted_model_is_not_found_if_only_listed_ones_are_served(written: Write, path: str) -> None:
    got = written(path, CHAT, strict_models=True)
    assert (got.status, got.json) == (404, {"error": "model 'm' not found"})


def test_unknown_paths_and_wrong_methods_are_answered_in_plain_text(written: Write) -> None:
    unknown = written("/api/nothing", method="GET", dialect="ollama")
    wrong = written("/api/chat", method="GET")
    assert [(got.status, got.data) for got in (unknown, wrong)] == [
        (404, b"404 page not found"),
        (405, b"405 method not allowed"),
    ]


def test_only_the_dialects_that_are_spoken_are_answered(written: Write) -> None:
    assert written("/api/chat", WHOLE, dialect="openai").status == 404
    assert written("/v1/chat/completions", WHOLE, dialect="ollama").status == 404
