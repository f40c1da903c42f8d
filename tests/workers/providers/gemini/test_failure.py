import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.routing.limits import Period, Unit
from workfleet.tasks.answer import Answer, FinishReason
from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Ask, Reply
from workfleet.workers.providers.gemini.dialect import Gemini
from workfleet.workers.providers.limits_told import Told, limits_in_words
from workfleet.workers.providers.rows import ROWS

#: Three in the afternoon in California.
NOW = datetime(2026, 11, 20, 15, tzinfo=ZoneInfo("America/Los_Angeles")).timestamp()
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "44s"}
ASK = Ask(ROWS["google"], "g", "m", Request.from_prompt("x"))


def quota(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


def refused(status: int, word: str, message: str, *details: dict[str, Any]) -> Failure:
    body = {"error": {"code": status, "message": message, "status": word, "details": list(details)}}
    return Gemini().failure(Reply(status, {}, json.dumps(body).encode(), at=NOW))


@pytest.mark.parametrize(
    ("details", "fault", "wait_s"),
    [
        pytest.param([quota("GenerateRequestsPerMinutePerProject"), RETRY], Fault.RATE_LIMITED, 44, id="a minute"),
        pytest.param([quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), RETRY],
                     Fault.QUOTA_EXHAUSTED, 9 * 3600, id="a day, until midnight there"),
        pytest.param([], Fault.RATE_LIMITED, None, id="nothing said"),
    ],
)  # fmt: skip
def test_the_quota_that_is_used_up_says_how_long(details: list[Any], fault: Fault, wait_s: float | None) -> None:
    failure = refused(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", *details)
    assert (failure.fault, failure.wait_s, failure.code) == (fault, wait_s, "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "15", {(Unit.REQUESTS, Period.MINUTE): 15.0}),
        ("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "1000", {(Unit.REQUESTS, Period.DAY): 1000.0}),
        ("GenerateContentInputTokensPerModelPerMinute-FreeTier", "250000", {(Unit.TOKENS, Period.MINUTE): 250000.0}),
        ("GenerateRequestsPerMinutePerProject", None, {}),
        ("SomethingNew", "7", {}),
    ],
)
def test_the_limit_that_was_reached_can_be_learned(name: str, value: str | None, told: Told) -> None:
    details = quota(name)
    details["violations"][0]["quotaValue"] = value
    assert limits_in_words(refused(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", details).message) == told


@pytest.mark.parametrize(
    ("status", "word", "message", "reason", "fault"),
    [
        (400, "INVALID_ARGUMENT", "API key not valid.", "API_KEY_INVALID", Fault.AUTH),
        (400, "INVALID_ARGUMENT", "Invalid value at 'contents'.", "", Fault.BAD_REQUEST),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
            "",
            Fault.CONTEXT_OVERFLOW,
        ),
        (403, "PERMISSION_DENIED", "denied", "", Fault.AUTH),
        (404, "NOT_FOUND", "models/x is not found", "", Fault.MODEL_NOT_FOUND),
        (500, "INTERNAL", "An internal error has occurred.", "", Fault.SERVER),
        (503, "UNAVAILABLE", "The model is overloaded.", "", Fault.OVERLOADED),
        (504, "DEADLINE_EXCEEDED", "Deadline expired.", "", Fault.SERVER),
    ],
)
def test_what_it_refuses_has_its_class(status: int, word: str, message: str, reason: str, fault: Fault) -> None:
    assert refused(status, word, message, {"reason": reason}).fault is fault


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, Fault.CONTENT_FILTERED),
        ({"candidates": []}, Fault.SERVER),
        ({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}, Fault.BAD_OUTPUT),
        ({"candidates": [{"finishReason": "OTHER"}]}, Fault.SERVER),
        ([{"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}}], Fault.OVERLOADED),
    ],
    ids=["a blocked prompt", "nothing", "a broken call", "given up", "an error in a list"],
)
def test_an_answer_that_is_none_is_a_failure(body: Any, fault: Fault) -> None:
    found = Gemini().decode(ASK, Reply(200, {}, json.dumps(body).encode(), at=NOW))
    assert isinstance(found, Failure)
    assert found.fault is fault


@pytest.mark.parametrize(
    ("reason", "content", "finish"),
    [
        ("SAFETY", {}, FinishReason.CONTENT_FILTER),
        ("MAX_TOKENS", {"role": "model"}, FinishReason.LENGTH),
        ("SOMETHING_NEW", {"parts": [{"text": "x"}]}, FinishReason.UNKNOWN),
    ],
)
def test_an_end_without_a_text_is_an_answer_all_the_same(reason: str, content: Any, finish: FinishReason) -> None:
    body = {"candidates": [{"content": content, "finishReason": reason}], "usageMetadata": {"promptTokenCount": 3}}
    found = Gemini().decode(ASK, Reply(200, {}, json.dumps(body).encode()))
    assert isinstance(found, Answer)
    assert (found.finish_reason, found.raw_finish_reason, found.usage.input_tokens) == (finish, reason, 3)


def test_a_blocked_prompt_ends_a_stream_too() -> None:
    decoder = Gemini().decoder(ASK, Reply(200))
    decoder.feed(b'data: {"promptFeedback": {"blockReason": "BLOCKLIST"}}\r\n\r\n')
    found = decoder.finish()
    assert isinstance(found, Failure)
    assert (found.fault, found.code) == (Fault.CONTENT_FILTERED, "BLOCKLIST")


@pytest.mark.parametrize(
    "error",
    [
        b'[{\r\n  "error": {\r\n    "code": 503,\r\n    "message": "The model is overloaded."\r\n  }\r\n}\r\n]',
        b'{"error": {"code": 503, "message": "The model is overloaded."}}\r\n',
        b'data: [{"error": {"code": 503, "message": "The model is overloaded."}}]\r\n\r\n',
    ],
    ids=["in a list, line by line", "bare", "as an event"],
)
@pytest.mark.parametrize("ended", [None, "STOP"])
def test_an_error_in_the_middle_of_a_stream_is_a_failure_however_it_is_written(error: bytes, ended: str | None) -> None:
    decoder = Gemini().decoder(ASK, Reply(200))
    said = {"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": ended}]}
    decoder.feed(f"data: {json.dumps(said)}\r\n\r\n".encode() + error)
    found = decoder.finish()
    assert isinstance(found, Failure)
    assert (found.fault, found.message) == (Fault.OVERLOADED, "The model is overloaded.")
