from collections.abc import Callable
from typing import Any

import pytest

Write = Callable[..., Any]


def test_a_question_has_an_answer_without_counts(written: Write) -> None:
    body = written("/query", {"query": "What is a queue?", "session_id": "s"}).json
    assert set(body) == {"text", "model_used", "context_size", "confidence", "latency_ms"}
    assert (bool(body["text"]), body["model_used"]) == (True, "M700")


@pytest.mark.parametrize(
    ("path", "body", "method", "answer"),
    [
        ("/ruvllm/health", None, "GET", {"status": "healthy", "version": "0.1.0"}),
        ("/session", {}, "POST", {"session_id": "sim0-00000007"}),
    ],
)
def test_it_tells_its_health_and_opens_sessions(
    written: Write, path: str, body: object, method: str, answer: object
) -> None:
    assert written(path, body, method=method).json == answer


def test_statistics_count_what_was_asked(written: Write) -> None:
    assert written("/stats", method="GET").json["total_queries"] == 4


def test_feedback_is_taken_in_silence_if_it_is_complete(written: Write) -> None:
    rated = {"query": "q", "response": "r", "quality": 0.9}
    assert (written("/feedback", rated).status, written("/feedback", rated).data) == (200, b"")
    assert written("/feedback", rated | {"quality": None}).status == 422


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), ({"session_id": "s"}, 422)])
def test_errors_are_plain_text(written: Write, body: object, status: int) -> None:
    got = written("/query", body)
    assert (got.status, got.script.content_type) == (status, "text/plain; charset=utf-8")
