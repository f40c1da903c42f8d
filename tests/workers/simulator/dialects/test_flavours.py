import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workfleet.routing.limits import Period, Unit
from workfleet.workers.simulator.ask import Operation
from workfleet.workers.simulator.dialects.openai.dialect import OpenAI
from workfleet.workers.simulator.dialects.openai.flavours.known import FLAVOURS
from workfleet.workers.simulator.exchange import Exchange
from workfleet.workers.simulator.limits import Limit, Overrun, Reading
from workfleet.workers.simulator.problem import Kind, Problem
from workfleet.workers.simulator.settings import Settings
from workfleet.workers.simulator.timing import Timing

Write = Callable[..., Any]

PATH = "/v1/chat/completions"

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "What is a queue?"}], "max_tokens": 3}

STREAM = CHAT | {"stream": True}

READINGS = (
    Reading(Limit(Unit.REQUESTS, Period.MINUTE, 30, 60), 29, 2.0),
    Reading(Limit(Unit.TOKENS, Period.MINUTE, 12_000, 60), 11_500, 7.66),
    Reading(Limit(Unit.REQUESTS, Period.DAY, 1_000, 86_400), 998, 179.56),
)

RECORDINGS = Path(__file__).parents[5] / "shared" / "recordings" / "exchanges.jsonl"


def exchange(flavour: str) -> Exchange:
    settings = Settings().changed({"flavour": flavour})
    return Exchange(7, 1_750_000_000, settings, Operation.CHAT, PATH, READINGS)


def limited(flavour: str, limit: Limit, *, used: int = 30, requested: int = 1, wait_s: float = 7.66) -> Any:
    problem = Problem(Kind.RATE, overrun=Overrun(limit, used, requested, wait_s))
    script = OpenAI().problem(problem, "m", exchange(flavour))
    headers = {name: value for name, value in script.headers.items() if "limit" in name.lower() or "retry" in name}
    return script.status, headers, json.loads(script.frames[0].data)


@pytest.mark.parametrize(
    ("flavour", "headers"),
    [
        pytest.param(
            "openai",
            {
                "x-ratelimit-limit-requests": "30",
                "x-ratelimit-remaining-requests": "29",
                "x-ratelimit-reset-requests": "2s",
                "x-ratelimit-limit-tokens": "12000",
                "x-ratelimit-remaining-tokens": "11500",
                "x-ratelimit-reset-tokens": "7.66s",
            },
            id="openai tells requests a minute",
        ),
        pytest.param(
            "groq",
            {
                "x-ratelimit-limit-requests": "1000",
                "x-ratelimit-remaining-requests": "998",
                "x-ratelimit-reset-requests": "2m59.56s",
                "x-ratelimit-limit-tokens": "12000",
                "x-ratelimit-remaining-tokens": "11500",
                "x-ratelimit-reset-tokens": "7.66s",
            },
            id="groq tells requests a day",
        ),
        pytest.param("openrouter", {}, id="openrouter tells nothing"),
        pytest.param("vllm", {}, id="vllm tells nothing"),
        pytest.param("none", {}, id="none tells nothing"),
    ],
)
def test_limits_are_told_in_the_providers_headers(flavour: str, headers: dict[str, str]) -> None:
    assert FLAVOURS[exchange(flavour).settings.flavour].rate_headers(READINGS) == headers


def test_openai_says_which_limit_was_reached_and_when_to_come_back() -> None:
    status, headers, body = limited("openai", READINGS[1].limit, used=11_500, requested=2_000)
    assert (status, headers["retry-after"], headers["retry-after-ms"]) == (429, "8", "7660")
    assert body == {
        "error": {
            "message": "Rate limit reached for m in organization org-sim on tokens per min (TPM): Limit 12000, "
            "Used 11500, Requested 2000. Please try again in 7.66s.",
            "type": "tokens",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    }


def test_groq_names_the_model_the_tier_and_the_limit() -> None:
    status, headers, body = limited("groq", READINGS[2].limit, wait_s=179.56)
    assert (status, headers["retry-after"]) == (429, "180")
    assert "retry-after-ms" not in headers
    assert body["error"] == {
        "message": "Rate limit reached for model `m` in organization `org_sim` service tier `on_demand` on requests "
        "per day (RPD): Limit 1000, Used 30, Requested 1. Please try again in 2m59.56s.",
        "type": "requests",
        "code": "rate_limit_exceeded",
    }


def test_openrouter_tells_the_reset_in_milliseconds_of_the_epoch() -> None:
    status, headers, body = limited("openrouter", READINGS[0].limit, wait_s=30)
    told = {"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1750000030000"}
    assert (status, headers) == (429, told)
    assert body["error"]["metadata"]["headers"] == told
    assert (body["error"]["code"], body["error"]["message"]) == (429, "Rate limit exceeded: free-models-per-min.")


@pytest.mark.parametrize(("flavour", "status"), [("openai", 429), ("groq", 413)])
def test_a_request_above_the_limit_itself_can_never_pass(flavour: str, status: int) -> None:
    got, headers, body = limited(flavour, READINGS[1].limit, used=0, requested=20_000, wait_s=float("inf"))
    assert (got, "retry-after" in headers) == (status, False)
    assert "Request too large" in body["error"]["message"]
    assert "try again" not in body["error"]["message"]


def test_groq_puts_the_usage_with_its_times_into_the_last_chunk(written: Write) -> None:
    events = written(PATH, STREAM, flavour="groq", timing=Timing(first_s=0.2, token_s=0.01)).events
    usage = events[-1]["usage"]
    assert events[-1]["x_groq"] == {"id": "req_sim0-00000007", "usage": usage}
    assert (usage["prompt_time"], usage["completion_time"], usage["total_time"]) == (0.2, 0.03, 0.23)
    assert events[-1]["choices"][0]["finish_reason"] == "length"


def test_openrouter_sends_a_receipt_and_keeps_the_connection_alive_while_it_waits(written: Write) -> None:
    got = written(PATH, STREAM, flavour="openrouter", timing=Timing(first_s=0.2))
    assert got.data.startswith(b": OPENROUTER PROCESSING\n\ndata: {")
    assert got.events[-1]["usage"]["cost"] == pytest.approx(4 * 1e-7 + 3 * 4e-7)
    assert {event["provider"] for event in got.events} == {"Simulator"}
    assert written(PATH, CHAT, flavour="openrouter").json["choices"][0]["native_finish_reason"] == "length"


def test_openrouters_free_models_cost_nothing_and_say_so_in_text(written: Write) -> None:
    rows = written("/api/v1/models", method="GET", flavour="openrouter", models=("a:free", "b")).json["data"]
    assert [row["pricing"]["prompt"] for row in rows] == ["0", "0.0000001"]


def test_vllm_has_integers_as_codes_and_fastapis_words_for_routes(written: Write) -> None:
    assert written(PATH, CHAT, flavour="vllm", strict_models=True).json == {
        "error": {"message": "The model `m` does not exist.", "type": "NotFoundError", "param": "model", "code": 404}
    }
    assert written("/v1/nothing", method="GET", flavour="vllm").json == {"detail": "Not Found"}
    assert written(PATH, method="GET", flavour="vllm").json == {"detail": "Method Not Allowed"}


@pytest.mark.parametrize(
    ("flavour", "shown"), [("openai", False), ("vllm", True), ("groq", True), ("openrouter", True)]
)
def test_reasoning_is_shown_or_only_counted(written: Write, flavour: str, shown: bool) -> None:
    body = CHAT | {"max_tokens": 500}
    message = written(PATH, body, flavour=flavour, reasoning_tokens=10).json["choices"][0]["message"]
    events = written(PATH, body | {"stream": True}, flavour=flavour, reasoning_tokens=10).events
    deltas = [event["choices"][0]["delta"] for event in events if event["choices"]]
    assert bool(message.get("reasoning")) is shown
    assert any("reasoning" in delta for delta in deltas) is shown


#: Where fields are compared in a whole answer.
PLACES: list[Callable[[Any], Any]] = [
    lambda body: body,
    lambda body: body["choices"][0],
    lambda body: body["choices"][0]["message"],
    lambda body: body["usage"],
]


@pytest.mark.skipif(not RECORDINGS.exists(), reason="the recorded exchanges do not lie beside the clone")
@pytest.mark.parametrize("provider", ["openai", "groq", "openrouter"])
def test_every_field_that_a_provider_always_sends_is_sent(written: Write, provider: str) -> None:
    ours = written(PATH, CHAT, flavour=provider).json
    for place in PLACES:
        theirs = [frozenset[str](place(body)) for body in recorded(provider)]
        assert frozenset[str].intersection(*theirs) <= frozenset[str](place(ours))


def recorded(provider: str) -> list[Any]:
    lines: list[dict[str, Any]] = [json.loads(line) for line in RECORDINGS.read_text(encoding="utf-8").splitlines()]
    bodies: list[Any] = [line["response"] for line in lines if (line["provider"], line["status"]) == (provider, 200)]
    return [body for body in bodies if isinstance(body, dict) and "choices" in body]
