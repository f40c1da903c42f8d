"""Every way a provider refuses, by its bodies: recorded ones, and those of the providers' references (C.1 to C.13)."""

import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.providers.dialect import Reply
from workfleet.workers.providers.error_body import error_in
from workfleet.workers.providers.faults import failure_in, failure_of

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def reply(status: int, body: Any, **headers: str) -> Reply:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, data, NOW)


def openai(message: str = "m", type_: str | None = None, code: Any = None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}


GROQ = (
    "Rate limit reached for model `llama-3.3-70b-versatile` in organization `org_x` service tier `on_demand` on "
    "tokens per {}: Limit 12000, Used 11500, Requested 2000. Please try again in {}. Need more tokens?"
)
GROQ_MINUTE = GROQ.format("minute (TPM)", "7.66s")
GROQ_DAY = GROQ.format("day (TPD)", "7m12s")
OPENAI_TOO_LARGE = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 41234."
VLLM_LIMIT = "max_tokens=500000 cannot be greater than max_model_len=4096. Please request fewer output tokens."
OPENROUTER_UPSTREAM = {"message": "Provider returned error", "metadata": {"raw": "x is rate-limited"}}
OPENROUTER_HEADERS = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225605000"}
RETRY_INFO = [{"@type": "x/QuotaFailure"}, {"@type": "x/RetryInfo", "retryDelay": "44s"}]


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (400, openai("bad", "invalid_request_error"), Fault.BAD_REQUEST),
        (400, openai("x", "invalid_request_error", "context_length_exceeded", "messages"), Fault.CONTEXT_OVERFLOW),
        (401, openai("Incorrect API key provided", "invalid_request_error", "invalid_api_key"), Fault.AUTH),
        (401, {"error": "Unauthorized"}, Fault.AUTH),
        (402, {"error": {"code": 402, "message": "Insufficient credits"}}, Fault.QUOTA_EXHAUSTED),
        (403, openai("no"), Fault.AUTH),
        (
            404,
            openai("The model `x` does not exist", "invalid_request_error", "model_not_found"),
            Fault.MODEL_NOT_FOUND,
        ),
        (404, {"error": "model 'x' not found"}, Fault.MODEL_NOT_FOUND),
        (400, openai("decommissioned", "invalid_request_error", "model_decommissioned"), Fault.MODEL_NOT_FOUND),
        (408, openai("timeout"), Fault.SERVER),
        (413, openai("Request too large", "tokens", "rate_limit_exceeded"), Fault.CONTEXT_OVERFLOW),
        (422, {"detail": [{"loc": ["body", "x"], "msg": "bad", "type": "value_error"}]}, Fault.BAD_REQUEST),
        (429, openai("slow down", "requests", "rate_limit_exceeded"), Fault.RATE_LIMITED),
        (429, openai("You exceeded your quota", "insufficient_quota", "insufficient_quota"), Fault.QUOTA_EXHAUSTED),
        (429, openai(GROQ_MINUTE, "tokens", "rate_limit_exceeded"), Fault.RATE_LIMITED),
        (429, openai(GROQ_DAY, "tokens", "rate_limit_exceeded"), Fault.QUOTA_EXHAUSTED),
        (429, openai("on requests per day (RPD): Limit 200", "requests", "rate_limit_exceeded"), Fault.QUOTA_EXHAUSTED),
        (429, {"error": {"code": 429, "message": "Rate limit exceeded: free-models-per-day. "}}, Fault.QUOTA_EXHAUSTED),
        (429, {"error": {"code": 429, "message": "Rate limit exceeded: free-models-per-min. "}}, Fault.RATE_LIMITED),
        (429, {"error": "you have reached your weekly usage limit, please upgrade"}, Fault.QUOTA_EXHAUSTED),
        (429, {"error": "you have reached your hourly usage limit"}, Fault.RATE_LIMITED),
        (429, openai(OPENAI_TOO_LARGE, "tokens", "rate_limit_exceeded"), Fault.CONTEXT_OVERFLOW),
        (429, "", Fault.RATE_LIMITED),
        (498, openai("flex capacity exceeded"), Fault.OVERLOADED),
        (500, openai("boom", "server_error"), Fault.SERVER),
        (502, "<html><head><title>502 Bad Gateway</title></head></html>", Fault.SERVER),
        (503, openai("busy", "service_unavailable", "model_overloaded"), Fault.OVERLOADED),
        (503, openai("overloaded with other requests", "server_error"), Fault.OVERLOADED),
        (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, Fault.OVERLOADED),
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, Fault.OVERLOADED),
        (504, "", Fault.SERVER),
        (520, "<!DOCTYPE html><html></html>", Fault.SERVER),
        (524, "", Fault.SERVER),
        (529, "", Fault.OVERLOADED),
        (301, "", Fault.SERVER),
        # The wordings of a prompt that does not fit, of vLLM (twice), llama.cpp (twice), Ollama, Groq, Together.
        (400, openai("your prompt is too long", "BadRequestError", 400, "input_tokens"), Fault.CONTEXT_OVERFLOW),
        (400, openai(VLLM_LIMIT, "BadRequestError", 400, "max_tokens"), Fault.CONTEXT_OVERFLOW),
        (400, {"error": {"code": 400, "message": "x", "type": "exceed_context_size_error"}}, Fault.CONTEXT_OVERFLOW),
        (
            500,
            {"error": {"code": 500, "message": "the request exceeds the available context size"}},
            Fault.CONTEXT_OVERFLOW,
        ),
        (400, {"error": "the input length exceeds the context length"}, Fault.CONTEXT_OVERFLOW),
        (400, {"error": json.dumps(openai("x", "exceed_context_size_error"))}, Fault.CONTEXT_OVERFLOW),
        (400, openai("Please reduce the length of the messages or completion."), Fault.CONTEXT_OVERFLOW),
        (403, openai("`inputs` tokens + `max_new_tokens` must be <= 4097"), Fault.CONTEXT_OVERFLOW),
        (400, openai("blocked", None, "content_filter", "prompt"), Fault.CONTENT_FILTERED),
        (
            403,
            {"error": {"code": 403, "message": "flagged", "metadata": {"flagged_input": "…"}}},
            Fault.CONTENT_FILTERED,
        ),
        (403, {"error": {"code": 403, "message": "Key limit exceeded (daily limit)"}}, Fault.QUOTA_EXHAUSTED),
        (400, openai("Failed to call a function", "invalid_request_error", "tool_use_failed"), Fault.BAD_OUTPUT),
        (400, {"error": {"code": 400, "message": "model 'x' not found", "type": ""}}, Fault.MODEL_NOT_FOUND),
        (400, {"object": "error", "message": "bad", "type": "BadRequestError", "code": 400}, Fault.BAD_REQUEST),
        (404, {"message": "no x", "type": "not_found_error", "code": "model_not_found"}, Fault.MODEL_NOT_FOUND),
        (429, [{"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED"}}], Fault.RATE_LIMITED),
        (418, "short and stout", Fault.BAD_REQUEST),
    ],
)
def test_a_refusal_has_its_class(status: int, body: Any, fault: Fault) -> None:
    failure = failure_of(reply(status, body))
    assert (failure.fault, failure.status) == (fault, status)


def test_a_failure_carries_the_providers_words_code_and_parameter() -> None:
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    body = openai(message, "invalid_request_error", "unsupported_parameter", "max_tokens")
    assert failure_of(reply(400, body)) == Failure(
        Fault.BAD_REQUEST, message, status=400, code="unsupported_parameter", parameter="max_tokens"
    )


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (502, "<html><head>\n<title>502 Bad Gateway</title></head>…</html>", "an HTML page: 502 Bad Gateway"),
        (500, "<!DOCTYPE html><p>oops", "an HTML page"),
        (500, "", "an empty body"),
        (500, "upstream\n  connect error", "upstream connect error"),
        (500, {"error": {}}, "the provider gives no reason"),
        (500, {"detail": "engine dead"}, "engine dead"),
        (422, {"detail": [{"loc": ["body", "top_k"], "msg": "Extra inputs"}]}, "Extra inputs"),
        (429, {"error": OPENROUTER_UPSTREAM}, "Provider returned error: x is rate-limited"),
        (404, {"detail": "Not Found"}, "Not Found: the server has no such path; check the base URL"),
        (404, "404 page not found", "404 page not found: the server has no such path; check the base URL"),
        (400, "y" * 1000, "y" * 300 + "…"),
    ],
)
def test_the_message_is_one_short_line_for_people(status: int, body: Any, message: str) -> None:
    assert failure_of(reply(status, body)).message == message


def test_a_redirect_names_the_place_instead_of_following_it() -> None:
    failure = failure_of(reply(308, "", location="https://api.example/v1"))
    assert failure.message == "redirects to https://api.example/v1; make that the base URL"


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (openai("m", param="temperature"), "temperature"),
        (openai("Unrecognized request argument supplied: top_k"), "top_k"),
        (openai("property 'seed' is unsupported"), "seed"),
        ({"detail": [{"loc": ["body", "foo", 0], "msg": "Extra inputs are not permitted"}]}, "foo.0"),
        ({"object": "error", "message": {"detail": [{"loc": ["body", "user"], "msg": "x"}]}}, "user"),
        (openai("m"), None),
    ],
    ids=["named", "OpenAI's older sentence", "Groq's sentence", "FastAPI", "Mistral", "not named"],
)
def test_the_parameter_that_is_refused_is_found(body: Any, parameter: str | None) -> None:
    assert failure_of(reply(400, body)).parameter == parameter


@pytest.mark.parametrize(
    ("body", "headers", "wait_s"),
    [
        (openai("Please try again in 9s."), {"retry_after": "3"}, 3.0),
        (openai(), {"retry_after": "Thu, 01 Jan 2026 00:00:20 GMT"}, 20.0),
        (openai(), {"retry_after_ms": "250"}, 0.25),
        (openai(), {"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "7.66s"}, 7.66),
        ({"error": {"message": "m", "details": RETRY_INFO}}, {}, 44.0),
        ({"error": {"message": "m", "metadata": {"headers": OPENROUTER_HEADERS}}}, {}, 5.0),
        (openai("Please try again in 7.66s."), {}, 7.66),
        (openai(), {}, None),
    ],
    ids=[
        "header before words",
        "HTTP date",
        "milliseconds",
        "reset",
        "RetryInfo",
        "OpenRouter's upstream",
        "words",
        "nothing",
    ],
)
def test_the_wait_is_found_wherever_it_is_said(body: Any, headers: dict[str, str], wait_s: float | None) -> None:
    found = failure_of(reply(429, body, **headers)).wait_s
    assert found == (None if wait_s is None else pytest.approx(wait_s))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"error": {"code": 400, "message": "Token limit reached"}, "choices": []}, Fault.BAD_REQUEST),
        ({"error": {"code": 502, "message": "upstream"}}, Fault.SERVER),
        ({"error": {"message": "x", "code": "tool_use_failed", "status_code": 400}}, Fault.BAD_OUTPUT),
        ({"error": {"message": "rate-limited upstream", "code": 429}}, Fault.RATE_LIMITED),
        ({"error": {"message": "slow down", "code": "429"}}, Fault.RATE_LIMITED),
        ({"error": {"message": "no", "type": "invalid_request_error", "code": None}}, Fault.BAD_REQUEST),
        ({"error": {"message": "boom", "type": "server_error", "code": None}}, Fault.SERVER),
        ({"error": "an error was encountered while running the model"}, Fault.SERVER),
        ({"error": "the input length exceeds the context length"}, Fault.CONTEXT_OVERFLOW),
    ],
)
def test_an_error_after_status_200_is_classed_by_its_own_code(body: dict[str, Any], fault: Fault) -> None:
    error = error_in(body)
    assert error is not None
    assert failure_in(error, Reply(200)).fault is fault


@pytest.mark.parametrize("body", [{"choices": []}, {"error": None}, {"error": ""}, {"error": {}}, [], None, "error", 7])
def test_an_answer_is_no_error(body: Any) -> None:
    assert error_in(body) is None


@pytest.mark.parametrize(
    ("limit", "fault"),
    [("UserByModelByDay", Fault.QUOTA_EXHAUSTED), ("UserByModelByMinute", Fault.RATE_LIMITED)],
    ids=["a day's", "a minute's"],
)
def test_github_names_the_limit_in_a_header(limit: str, fault: Fault) -> None:
    body = {"error": {"code": "RateLimitReached", "message": "Rate limit exceeded. Please wait before retrying."}}
    found = failure_of(reply(429, body, x_ratelimit_type=limit, retry_after="30"))
    assert (found.fault, found.wait_s) == (fault, 30.0)
