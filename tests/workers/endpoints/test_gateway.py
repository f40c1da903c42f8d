"""A gateway is told how to choose among its servers, and what another model answered is booked under that model."""

import json
from typing import Any

import httpx2
import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.job import JobSpec
from workfleet.tasks.request import Request
from workfleet.workers.direct import Provider
from workfleet.workers.endpoints.gateway import answered_by, steered_job
from workfleet.workers.providers.endpoint import Api, AttemptFailed
from workfleet.workers.providers.sender import Sender
from workfleet.workers.settings.provider import ProviderSettings
from workfleet.workers.simulator import Settings, Simulator

from ..pools import fleet, hosted, says

CHEAP = Api(sort="price", max_price={"prompt": 1.0}, fallback_models=("a/b", "c/d:free"))


def gateway(name: str = "openrouter", **fields: Any) -> ProviderSettings:
    return hosted(name, **{"type": "openrouter", "default_model": "x/y", "api": CHEAP, **fields})


def told(asked: str = "x/y", **fields: Any) -> dict[str, Any]:
    extra = fields.pop("extra", {})
    spec = JobSpec.model_validate(
        {"request": {"messages": [{"role": "user", "content": "hi"}], "extra": extra}, **fields}
    )
    return steered_job(spec, gateway(), asked).extra


CHOICE: dict[str, Any] = {"provider": {"sort": "price", "max_price": {"prompt": 1.0}}}


@pytest.mark.parametrize(
    ("fields", "extra"),
    [
        ({}, {**CHOICE, "models": ["a/b", "c/d:free"]}),
        ({"model": "a/b"}, {**CHOICE, "models": ["c/d:free"]}),
        ({"spec_model": "x/y"}, CHOICE),
        ({"chain": ["openrouter/x/y"]}, CHOICE),
        ({"constraints": {"max_cost_usd": 1.0}}, CHOICE),
        ({"constraints": {"free_only": True}}, {**CHOICE, "models": ["c/d:free"]}),
        ({"model": "e/f:free"}, {**CHOICE, "models": ["c/d:free"]}),
        (
            {"extra": {"provider": {"sort": "latency", "only": ["z"]}, "models": ["own"], "top_a": 1}},
            {
                "provider": {"sort": "latency", "max_price": {"prompt": 1.0}, "only": ["z"]},
                "models": ["own"],
                "top_a": 1,
            },
        ),
    ],
    ids=[
        "as configured",
        "not the model itself",
        "a job that names its model",
        "a job that names its targets",
        "a job whose cost is capped",
        "a job that may cost nothing",
        "a model that costs nothing",
        "what the request says wins",
    ],
)
def test_what_a_gateway_is_told(fields: dict[str, Any], extra: dict[str, Any]) -> None:
    named = {"model" if name == "spec_model" else name: value for name, value in fields.items() if name != "model"}
    assert told(fields.get("model", "x/y"), **named) == extra


def test_a_provider_of_which_nothing_is_said_is_told_nothing() -> None:
    spec = JobSpec.from_prompt("hi")
    assert steered_job(spec, hosted("openai"), "m") is spec.request


@pytest.mark.parametrize(
    ("model", "taken"),
    [("x/y", ""), ("x/y-2026-01-01", ""), ("a/b", "openrouter/a/b"), ("a/b-0905", "openrouter/a/b"), ("other", "")],
    ids=["the one asked", "its dated name", "another", "the other's dated name", "one that nobody named"],
)
def test_who_answered_is_one_of_those_that_were_allowed(model: str, taken: str) -> None:
    assert answered_by(gateway(), "openrouter/x/y", Answer(model=model)) == taken


async def test_what_another_model_answered_is_booked_under_it_with_its_receipt(redis_url: str) -> None:
    async with fleet(redis_url, gateway()) as one:
        reply = says("ok", cost=0.25)
        one.servers["openrouter"].will(reply_of("a/b", reply))
        job_id = await one.submit()
        await one.follow(job_id, first="openrouter")
        (attempt,) = await one.client.attempts(job_id)
        assert (attempt.target, attempt.answered_by) == ("openrouter/x/y", "openrouter/a/b")
        assert (attempt.cost_usd, attempt.cost_source) == (0.25, "receipt")
        booked = await one.client.redis.hkeys("wf:usage:total")
        assert [key.split(b"\x1f")[0] for key in booked] == [b"openrouter/a/b"]
        tally = one.pools["openrouter"].tally.table
        assert [(row.target, sums.nano_usd) for row, sums in tally.items()] == [("openrouter/a/b", 250_000_000)]


def reply_of(model: str, reply: Any) -> Any:
    return type(reply)(200, json={**reply.json(), "model": model})


async def test_on_the_wire_a_gateway_takes_the_next_model_that_it_has() -> None:
    simulated = Settings(models=("a/b", "c/d:free"), strict_models=True, answer_tokens=8)
    async with Simulator(simulated) as simulator, Sender() as sender:
        asked = Provider(gateway(base_urls=(f"{simulator.base_url}/openrouter",)), sender)
        answer = await asked.complete(Request.from_prompt("hi"))
        with pytest.raises(AttemptFailed, match="x/y"):
            await asked.complete(Request.from_prompt("hi"), model="x/y")
    assert (answer.model, answer.usage.cost_source) == ("a/b", "receipt")
    assert answer.usage.cost_usd is not None
    assert answer.usage.cost_usd > 0


async def test_on_the_wire_the_choice_stands_as_openrouter_has_it() -> None:
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return says("ok")

    async with Sender(transport=httpx2.MockTransport(answer)) as sender:
        await Provider(gateway(), sender).complete(Request.from_prompt("hi"))
    assert {name: bodies[0][name] for name in ("model", "models", "provider")} == {
        "model": "x/y",
        "models": ["a/b", "c/d:free"],
        "provider": {"sort": "price", "max_price": {"prompt": 1.0}},
    }
