import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.anthropic.dialect import Anthropic
from workfleet.workers.providers.corrections import Drop, correction_for
from workfleet.workers.providers.dialect import Ask, Reply
from workfleet.workers.providers.rows import ROWS

ASK = Ask(ROWS["anthropic"], "claude", "m", Request.from_prompt("x"), stream=True)


def error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "kind", "message", "fault"),
    [
        (400, "invalid_request_error", "messages: at least one message is required", Fault.BAD_REQUEST),
        (400, "invalid_request_error", "Your credit balance is too low to access the API.", Fault.QUOTA_EXHAUSTED),
        (400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum", Fault.CONTEXT_OVERFLOW),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
            Fault.CONTEXT_OVERFLOW,
        ),
        (401, "authentication_error", "invalid x-api-key", Fault.AUTH),
        (402, "billing_error", "billing", Fault.QUOTA_EXHAUSTED),
        (403, "permission_error", "not allowed", Fault.AUTH),
        (404, "not_found_error", "model: claude-does-not-exist", Fault.MODEL_NOT_FOUND),
        (413, "request_too_large", "Request exceeds the maximum size", Fault.CONTEXT_OVERFLOW),
        (429, "rate_limit_error", "This request would exceed your rate limit.", Fault.RATE_LIMITED),
        (500, "api_error", "Internal server error", Fault.SERVER),
        (504, "timeout_error", "Timed out", Fault.SERVER),
        (529, "overloaded_error", "Overloaded", Fault.OVERLOADED),
    ],
)
def test_what_it_refuses_has_its_class(status: int, kind: str, message: str, fault: Fault) -> None:
    reply = Reply(status, {"retry-after": "7"}, json.dumps(error(kind, message)).encode())
    found = Anthropic().failure(reply)
    assert (found.fault, found.message, found.wait_s, found.code) == (fault, message, 7, kind)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("overloaded_error", Fault.OVERLOADED),
        ("api_error", Fault.SERVER),
        ("rate_limit_error", Fault.RATE_LIMITED),
    ],
)
def test_an_error_in_the_middle_of_a_stream_has_its_class_by_its_type(kind: str, fault: Fault) -> None:
    decoder = Anthropic().decoder(ASK, Reply(200))
    decoder.feed(b'event: message_start\ndata: {"type": "message_start", "message": {}}\n\n')
    decoder.feed(b"event: error\ndata: " + json.dumps(error(kind, "so")).encode() + b"\n\n")
    found = decoder.finish()
    assert isinstance(found, Failure)
    assert (found.fault, found.code) == (fault, kind)


@pytest.mark.parametrize(
    ("message", "dropped"),
    [
        ("`temperature` is deprecated for this model.", "temperature"),
        ("`temperature` and `top_p` cannot both be specified for this model. Please use only one.", "top_p"),
        ("top_k: Extra inputs are not permitted", "top_k"),
        ("tools: Input should be a valid list", None),
        ("Something is wrong.", None),
    ],
)
def test_a_parameter_that_a_model_no_longer_takes_is_left_out(message: str, dropped: str | None) -> None:
    refused = Anthropic().failure(Reply(400, {}, json.dumps(error("invalid_request_error", message)).encode()))
    body: dict[str, Any] = {"temperature": 0.5, "top_p": 0.5, "top_k": 4, "tools": []}
    assert correction_for(refused, body) == (Drop(dropped) if dropped else None)


def test_pings_are_no_sign_of_life() -> None:
    decoder = Anthropic().decoder(ASK, Reply(200))
    assert decoder.feed(b'event: ping\ndata: {"type": "ping"}\n\n' * 3) == []
