"""What the smaller flavours of the OpenAI dialect do differently."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from workfleet.routing.limits import Period, Unit
from workfleet.workers.providers.detect import Detected, detect
from workfleet.workers.simulator import Simulator
from workfleet.workers.simulator.ask import Operation
from workfleet.workers.simulator.dialects.openai.dialect import OpenAI
from workfleet.workers.simulator.dialects.openai.flavours.known import FLAVOURS
from workfleet.workers.simulator.exchange import Exchange
from workfleet.workers.simulator.limits import Limit, Reading
from workfleet.workers.simulator.problem import Kind, Problem
from workfleet.workers.simulator.settings import FlavourName, Settings
from workfleet.workers.simulator.timing import Timing

Write = Callable[..., Any]

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "What is a queue?"}]}


def message(written: Write, flavour: str, **settings: object) -> Any:
    return written(f"/{flavour}/v1/chat/completions", CHAT, **settings).json["choices"][0]["message"]


def test_mistral_puts_reasoning_into_the_content(written: Write) -> None:
    thinking, text = message(written, "mistral", reasoning_tokens=3)["content"]
    assert (thinking["type"], thinking["thinking"][0]["type"], text["type"]) == ("thinking", "text", "text")
    assert isinstance(message(written, "mistral")["content"], str)


@pytest.mark.parametrize("flavour", ["deepseek", "llamacpp"])
def test_reasoning_has_a_field_of_its_own(written: Write, flavour: str) -> None:
    assert message(written, flavour, reasoning_tokens=3)["reasoning_content"]


def test_deepseek_keeps_connections_alive_while_it_waits(written: Write) -> None:
    asked = CHAT | {"stream": True}
    got = written("/deepseek/chat/completions", asked, timing=Timing(first_s=0.2))
    assert got.data.startswith(b": keep-alive\n\ndata: {")
    assert got.events[-1]["usage"]["prompt_cache_miss_tokens"] == 4


def test_together_ends_with_eos_and_lists_models_in_a_bare_array(written: Write) -> None:
    assert written("/together/v1/chat/completions", CHAT).json["choices"][0]["finish_reason"] == "eos"
    rows = written("/together/v1/models", method="GET").json
    assert [(row["id"], row["type"]) for row in rows] == [("sim-chat", "chat"), ("sim-embed", "embedding")]


def test_lm_studio_and_llama_cpp_tell_their_context(written: Write) -> None:
    rows = written("/lmstudio/api/v0/models", method="GET", context_tokens=8192).json["data"]
    assert [(row["type"], row["loaded_context_length"]) for row in rows] == [("llm", 8192), ("embeddings", 8192)]
    assert written("/llamacpp/props", method="GET", context_tokens=8192).json["default_generation_settings"][
        "n_ctx"
    ] == (8192)


@pytest.mark.parametrize("flavour", sorted({*FLAVOURS} - {"none", "lmstudio"}))
def test_only_lm_studio_lists_what_is_loaded(written: Write, flavour: str) -> None:
    assert written(f"/{flavour}/api/v0/models", method="GET").status == 404


@pytest.mark.parametrize("flavour", ["vllm", "lmstudio", "localai", "llamacpp"])
async def test_a_simulated_server_is_found_as_what_it_is(flavour: FlavourName) -> None:
    async with Simulator(Settings(dialect="openai", flavour=flavour, models=("m",))) as simulator:
        found = await detect({}, answer_s=10, places={simulator.base_url: ["vllm"]})
    assert found.servers == (Detected(flavour, simulator.base_url, ("m",)),)


@pytest.mark.parametrize(
    ("flavour", "body"), [("llamacpp", {"content": "a queue"}), ("vllm", {"model": "m", "prompt": "a queue"})]
)
def test_tokens_are_counted_without_an_answer(written: Write, flavour: str, body: object) -> None:
    told = written(f"/{flavour}/tokenize", body).json
    assert (told["tokens"], told.get("count")) == ([0, 1], None if flavour == "llamacpp" else 2)


@pytest.mark.parametrize(("flavour", "health"), [("llamacpp", b'{"status":"ok"}'), ("localai", b"OK"), ("vllm", b"")])
def test_health_is_told_in_each_servers_way(written: Write, flavour: str, health: bytes) -> None:
    assert written(f"/{flavour}/health", method="GET").data == health


READINGS = (
    Reading(Limit(Unit.REQUESTS, Period.MINUTE, 30, 60), 29, 2.0),
    Reading(Limit(Unit.TOKENS, Period.MINUTE, 12_000, 60), 11_500, 7.66),
    Reading(Limit(Unit.REQUESTS, Period.DAY, 1_000, 86_400), 998, 179.56),
)


@pytest.mark.parametrize(
    ("flavour", "headers"),
    [
        ("azure", {"x-ratelimit-remaining-requests": "29", "x-ratelimit-remaining-tokens": "11500"}),
        (
            "together",
            {
                "x-ratelimit-limit": "30",
                "x-ratelimit-remaining": "29",
                "x-ratelimit-reset": "2.000",
                "x-tokenlimit-limit": "12000",
                "x-tokenlimit-remaining": "11500",
            },
        ),
        (
            "cerebras",
            {
                "x-ratelimit-limit-tokens-minute": "12000",
                "x-ratelimit-remaining-tokens-minute": "11500",
                "x-ratelimit-reset-tokens-minute": "7.660",
                "x-ratelimit-limit-requests-day": "1000",
                "x-ratelimit-remaining-requests-day": "998",
                "x-ratelimit-reset-requests-day": "179.560",
            },
        ),
        ("deepseek", {}),
        ("llamacpp", {}),
    ],
)
def test_limits_are_told_in_the_providers_headers(flavour: FlavourName, headers: dict[str, str]) -> None:
    assert FLAVOURS[flavour].rate_headers(READINGS) == headers


def error(flavour: FlavourName, problem: Problem) -> tuple[int, Any]:
    asked = Exchange(7, 1_750_000_000, Settings(), Operation.CHAT, "/v1/chat/completions", asked_flavour=flavour)
    script = OpenAI().problem(problem, "m", asked)
    return script.status, json.loads(script.frames[0].data)


TOO_LONG = Problem(Kind.OVERFLOW, prompt_tokens=20, max_tokens=5, limit=10)


@pytest.mark.parametrize(
    ("flavour", "problem", "status", "place"),
    [
        ("mistral", Problem(Kind.NO_MODEL, detail="m"), 400, ("type", "invalid_model")),
        ("mistral", Problem(Kind.UNAUTHORIZED), 401, ("detail", "Unauthorized")),
        ("cerebras", Problem(Kind.UNAUTHORIZED), 401, ("code", "wrong_api_key")),
        ("deepseek", Problem(Kind.NO_CREDIT), 402, ("error", "message", "Insufficient Balance")),
        ("together", TOO_LONG, 403, ("error", "code", "context_length_exceeded")),
        ("llamacpp", TOO_LONG, 400, ("error", "type", "exceed_context_size_error")),
        ("llamacpp", Problem(Kind.OVERLOADED), 503, ("error", "type", "unavailable_error")),
        ("localai", Problem(Kind.NO_MODEL, detail="m"), 400, ("error", "code", 400)),
        ("localai", Problem(Kind.UNAUTHORIZED), 401, ("error", "message", "An authentication key is required")),
    ],
)
def test_errors_are_in_the_providers_form(
    flavour: FlavourName, problem: Problem, status: int, place: tuple[object, ...]
) -> None:
    got, body = error(flavour, problem)
    *keys, value = place
    for key in keys:
        body = body[key]
    assert (got, body) == (status, value)


def test_lm_studio_says_in_words_that_the_context_is_too_small() -> None:
    status, body = error("lmstudio", TOO_LONG)
    assert (status, "context length of only 10 tokens" in body["error"]) == (400, True)
