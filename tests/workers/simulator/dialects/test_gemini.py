import json
from collections.abc import Callable
from typing import Any

import pytest

Write = Callable[..., Any]

BASE = "/v1beta/models/m"

ASKED: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "What is a queue?"}]}]}

THINKS = {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}}


def test_an_answer_is_a_candidate_with_its_counts(written: Write) -> None:
    body = written(f"{BASE}:generateContent", ASKED | {"generationConfig": {"maxOutputTokens": 5}}).json
    (candidate,) = body.pop("candidates")
    assert (candidate["finishReason"], candidate["content"]["role"]) == ("MAX_TOKENS", "model")
    assert body == {
        "usageMetadata": {
            "promptTokenCount": 4,
            "candidatesTokenCount": 5,
            "totalTokenCount": 9,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}],
        },
        "modelVersion": "m",
        "responseId": "sim0-00000007",
    }


def test_thoughts_are_counted_apart_and_shown_if_asked(written: Write) -> None:
    shown = written(f"{BASE}:generateContent", ASKED | THINKS, reasoning_tokens=5).json
    hidden = written(f"{BASE}:generateContent", ASKED, reasoning_tokens=5).json
    counts = shown["usageMetadata"]
    assert [part.get("thought", False) for part in shown["candidates"][0]["content"]["parts"]] == [True, False]
    assert len(hidden["candidates"][0]["content"]["parts"]) == 1
    assert hidden["usageMetadata"] == counts
    assert counts["totalTokenCount"] == sum(
        counts[f"{what}TokenCount"] for what in ("prompt", "candidates", "thoughts")
    )
    budget = {"generation_config": {"thinking_config": {"thinking_budget": 0}}}
    assert (
        "thoughtsTokenCount"
        not in written(f"{BASE}:generateContent", ASKED | budget, reasoning_tokens=5).json["usageMetadata"]
    )


def test_a_stream_is_events_with_cr_lf_that_just_end_or_one_array(written: Write) -> None:
    events = written(f"{BASE}:streamGenerateContent?alt=sse", ASKED)
    assert events.data.endswith(b"}\r\n\r\n")
    assert events.events[-1]["candidates"][0]["finishReason"] == "STOP"
    counts = [event["usageMetadata"].get("candidatesTokenCount", 0) for event in events.events]
    assert (len(counts) > 2, counts) == (True, sorted(counts))
    assert json.loads(written(f"{BASE}:streamGenerateContent", ASKED).data) == events.events


def test_a_function_is_called_in_either_spelling_of_its_declaration(written: Write) -> None:
    google = {"name": "look_up", "parameters": {"type": "OBJECT", "properties": {"word": {"type": "STRING"}}}}
    plain = {"name": "look_up", "parametersJsonSchema": {"type": "object", "properties": {"word": {"type": "string"}}}}
    mode = {"functionCallingConfig": {"mode": "ANY"}}
    tools: list[dict[str, Any]] = [
        {"tools": [{"functionDeclarations": [plain]}]},
        {"tools": {"function_declarations": [google]}},
    ]
    for declared in tools:
        body = written(f"{BASE}:generateContent", ASKED | declared | {"toolConfig": mode}).json
        (part,) = body["candidates"][0]["content"]["parts"]
        assert part == {"functionCall": {"name": "look_up", "args": {"word": "as asked"}}}
        assert body["candidates"][0]["finishReason"] == "STOP"


def test_embeddings_come_alone_or_in_a_batch_and_without_counts(written: Write) -> None:
    content = {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 4}
    alone = written(f"{BASE}:embedContent", content).json
    batch = written(f"{BASE}:batchEmbedContents", {"requests": [content, content]}).json
    assert batch == {"embeddings": [alone["embedding"]] * 2}
    assert len(alone["embedding"]["values"]) == 4


@pytest.mark.parametrize(
    "asked",
    [ASKED, {"generateContentRequest": {"model": "models/m", **ASKED}}],
    ids=["contents", "a whole request"],
)
def test_tokens_are_counted_without_an_answer(written: Write, asked: dict[str, Any]) -> None:
    assert written(f"{BASE}:countTokens", asked).json["totalTokens"] == 4


def test_an_unknown_model_is_told_with_the_method_that_was_asked(written: Write) -> None:
    error = written(f"{BASE}:generateContent", ASKED, strict_models=True).json["error"]
    assert (error["code"], error["status"]) == (404, "NOT_FOUND")
    assert error["message"].startswith("models/m is not found for API version v1beta, or is not supported for generate")


def test_errors_of_streams_that_are_arrays_are_in_an_array(written: Write) -> None:
    assert [entry["error"]["code"] for entry in written(f"{BASE}:streamGenerateContent", {}).json] == [400]
    assert written(f"{BASE}:streamGenerateContent?alt=sse", {}).json["error"]["status"] == "INVALID_ARGUMENT"


def test_models_come_a_page_at_a_time(written: Write) -> None:
    first = written("/v1beta/models?pageSize=2", method="GET", models=("a", "b", "c")).json
    assert ([row["name"] for row in first["models"]], first["nextPageToken"]) == (["models/a", "models/b"], "2")
    last = written("/v1beta/models?pageSize=2&pageToken=2", method="GET", models=("a", "b", "c")).json
    assert ([row["name"] for row in last["models"]], "nextPageToken" in last) == (["models/c"], False)
