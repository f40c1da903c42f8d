"""What errors in place of an answer look like on the wire."""

import json
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

Ask = Callable[..., Awaitable[Any]]

OPENAI, OLLAMA = "/v1/chat/completions", "/api/chat"

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Say something."}], "stream": False}


def error(**fields: object) -> dict[str, object]:
    return {"error": {"param": None, **fields}}


STATUSES = [
    ("http-500", 500),
    ("http-502", 502),
    ("http-503", 503),
    ("http-504", 504),
    ("http-529", 529),
    ("http-498", 498),
    ("http-524", 524),
    ("brown-out:rate=1", 500),
    ("flapping", 503),
    ("unauthorized", 401),
    ("payment-required", 402),
    ("forbidden", 403),
    ("model-not-found", 404),
    ("too-large", 413),
    ("rate-limited", 429),
    ("no-credit", 429),
    ("daily-quota", 429),
    ("context-overflow", 400),
]


@pytest.mark.parametrize("path", [OPENAI, OLLAMA, "/v1/embeddings", "/api/embed"])
@pytest.mark.parametrize(("fault", "status"), STATUSES)
async def test_an_error_has_its_status_and_a_body_in_the_dialects_form(
    reply: Ask, fault: str, status: int, path: str
) -> None:
    got = await reply(fault, path, CHAT | {"input": "x"})
    message = got.json["error"] if path.startswith("/api") else got.json["error"]["message"]
    assert (got.status, bool(message)) == (status, True)


@pytest.mark.parametrize(
    ("flavour", "status", "body"),
    [
        (
            "openai",
            401,
            error(message="Incorrect API key provided.", type="invalid_request_error", code="invalid_api_key"),
        ),
        ("vllm", 401, {"error": "Unauthorized"}),
        (
            "openrouter",
            401,
            {
                "error": {
                    "message": "Incorrect API key provided.",
                    "code": 401,
                    "metadata": {"provider_name": "Simulator"},
                },
                "user_id": "user_sim",
            },
        ),
    ],
)
async def test_each_flavour_words_unauthorized_as_its_provider_does(
    reply: Ask, flavour: str, status: int, body: object
) -> None:
    got = await reply("unauthorized", OPENAI, flavour=flavour)
    assert (got.status, got.json) == (status, body)


@pytest.mark.parametrize(
    ("flavour", "status", "code"),
    [
        ("openai", 400, "model_decommissioned"),
        ("groq", 400, "model_decommissioned"),
        ("vllm", 404, 404),
        ("openrouter", 404, 404),
    ],
)
async def test_a_retired_model_is_refused(reply: Ask, flavour: str, status: int, code: object) -> None:
    got = await reply("model-retired", OPENAI, flavour=flavour)
    assert (got.status, got.json["error"]["code"]) == (status, code)


async def test_ollama_has_never_heard_of_a_retired_model(reply: Ask) -> None:
    got = await reply("model-retired", OLLAMA)
    assert (got.status, got.json) == (404, {"error": 'model "m" not found, try pulling it first'})


@pytest.mark.parametrize("path", [OPENAI, OLLAMA])
@pytest.mark.parametrize(
    ("fault", "headers", "told_in_words"),
    [
        ("rate-limited-seconds", {"retry-after": "8"}, False),
        ("rate-limited-ms", {"retry-after-ms": "7660"}, False),
        ("rate-limited-text", {}, True),
        ("rate-limited-silent", {}, False),
    ],
)
async def test_a_429_tells_its_wait_in_the_form_asked_for(
    reply: Ask, path: str, fault: str, headers: dict[str, str], told_in_words: bool
) -> None:
    got = await reply(fault, path)
    assert {name: value for name, value in got.headers.items() if name.startswith("retry")} == headers
    assert ("try again in 7.66s" in got.text) is told_in_words


@pytest.mark.parametrize(("path", "headers"), [(OPENAI, {"retry-after": "8", "retry-after-ms": "7660"}), (OLLAMA, {})])
async def test_a_429_tells_its_wait_as_its_provider_does(reply: Ask, path: str, headers: dict[str, str]) -> None:
    got = await reply("rate-limited", path)
    assert {name: value for name, value in got.headers.items() if name.startswith("retry")} == headers
    assert "try again in 7.66s" in got.text


async def test_a_429_can_tell_its_wait_as_a_date(reply: Ask) -> None:
    got = await reply("rate-limited-date:amount=30", OPENAI)
    assert parsedate_to_datetime(got.headers["retry-after"]).timestamp() == pytest.approx(time.time() + 30, abs=5)


@pytest.mark.parametrize(
    ("flavour", "says"),
    [
        ("openai", "on requests per day (RPD): Limit 30"),
        ("groq", "on requests per day (RPD): Limit 30"),
        ("openrouter", "free-models-per-day"),
    ],
)
async def test_a_daily_quota_says_that_it_is_one(reply: Ask, flavour: str, says: str) -> None:
    assert says in (await reply("daily-quota", OPENAI, flavour=flavour)).json["error"]["message"]


@pytest.mark.parametrize(
    ("flavour", "status", "code"),
    [("openai", 429, "insufficient_quota"), ("vllm", 429, "insufficient_quota"), ("openrouter", 402, 402)],
)
async def test_a_used_up_credit_has_a_code_of_its_own(reply: Ask, flavour: str, status: int, code: object) -> None:
    got = await reply("no-credit", OPENAI, flavour=flavour)
    assert (got.status, got.json["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("flavour", "status", "says"),
    [("openai", 400, "content_filter"), ("openrouter", 403, "flagged"), ("groq", 400, "content_filter")],
)
async def test_prompt_filtered_refuses_the_prompt(reply: Ask, flavour: str, status: int, says: str) -> None:
    got = await reply("prompt-filtered", OPENAI, flavour=flavour)
    assert (got.status, says in got.text) == (status, True)


@pytest.mark.parametrize(
    ("fault", "asked", "without"),
    [
        ("rejects-temperature", CHAT | {"temperature": 0.5}, CHAT),
        ("rejects-max-tokens", CHAT | {"max_tokens": 5}, CHAT | {"max_completion_tokens": 5}),
        ("rejects-system", CHAT | {"messages": [{"role": "system", "content": "Be brief."}, *CHAT["messages"]]}, CHAT),
    ],
)
async def test_an_unsupported_parameter_is_refused_until_it_is_gone(
    reply: Ask, fault: str, asked: dict[str, Any], without: dict[str, Any]
) -> None:
    assert [(await reply(fault, OPENAI, body)).status for body in (asked, without)] == [400, 200]


async def test_openrouter_passes_on_what_the_provider_behind_it_refused(reply: Ask) -> None:
    got = (await reply("rejects-temperature", OPENAI, CHAT | {"temperature": 0.5}, flavour="openrouter")).json["error"]
    raw = json.loads(got["metadata"]["raw"])["error"]
    assert (got["message"], got["code"], raw["param"]) == ("Provider returned error", 400, "temperature")


async def test_a_refused_parameter_is_named(reply: Ask) -> None:
    got = (await reply("rejects-temperature", OPENAI, body=CHAT | {"temperature": 0.5})).json["error"]
    assert (got["code"], got["param"]) == ("unsupported_value", "temperature")


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "starts"),
    [
        ("html-520", 520, "text/html; charset=UTF-8", "<html>"),
        ("empty-502", 502, "application/octet-stream", ""),
        ("outage", 503, "text/plain", "upstream connect error"),
    ],
)
async def test_what_stands_in_front_of_the_provider_does_not_speak_json(
    reply: Ask, fault: str, status: int, content_type: str, starts: str
) -> None:
    got = await reply(fault, OPENAI)
    assert (got.status, got.headers["content-type"]) == (status, content_type)
    assert got.text.startswith(starts)
    assert bool(got.text) is bool(starts)


async def test_an_outage_strikes_health_and_listings_too(reply: Ask) -> None:
    assert [(await reply("outage", path, method="GET")).status for path in ("/health", "/v1/models", "/api/tags")] == [
        503,
        503,
        503,
    ]
