"""Every kind of request against the simulator, in both dialects: callers see the same."""

from collections.abc import AsyncIterator

import pytest

from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Delta
from workfleet.workers.providers.endpoint import Endpoint, Timeouts
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Settings, Simulator

LIMITS = Timeouts(first_token_s=30, idle_s=30, total_s=60)
in_both_dialects = pytest.mark.parametrize("row", ["simulated", "ollama"])


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(answer_tokens=40, embedding_dimensions=8)) as simulator:
        yield simulator


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with Sender() as sender:
        yield sender


@in_both_dialects
@pytest.mark.parametrize(
    "request_",
    [Request.from_prompt("Tell me of rivers."), Request(kind="completion", prompt="Rivers are")],
    ids=["chat", "completion"],
)
async def test_whole_and_streamed_answers_agree(
    simulator: Simulator, sender: Sender, row: str, request_: Request
) -> None:
    said: list[Delta] = []

    async def take(delta: Delta) -> None:
        said.append(delta)

    place = Endpoint("p", row, simulator.base_url)
    whole = await sender.ask(place, "sim-chat", request_, LIMITS)
    streamed = await sender.ask(place, "sim-chat", request_, LIMITS, on_delta=take)
    assert (streamed.text, streamed.usage, streamed.finish_reason) == (whole.text, whole.usage, whole.finish_reason)
    assert "".join(delta.text for delta in said) == whole.text
    assert (whole.usage.source, whole.usage.cost_usd) == ("provider", 0.0)
    assert len(said) > 1


@in_both_dialects
async def test_each_input_has_its_embedding(simulator: Simulator, sender: Sender, row: str) -> None:
    request = Request(kind="embedding", input=("a", "b", "a"))
    answer = await sender.ask(Endpoint("p", row, simulator.base_url), "sim-embed", request, LIMITS)
    first, second, third = answer.embeddings
    assert (first == third, first == second, len(first)) == (True, False, 8)
    assert answer.usage.input_tokens > 0


@in_both_dialects
async def test_its_models_and_its_health_are_told(simulator: Simulator, sender: Sender, row: str) -> None:
    place = Endpoint("p", row, simulator.base_url)
    models = await sender.models(place)
    health = await sender.health(place, ping_model="sim-chat")
    assert {model.name.removesuffix(":latest") for model in models} == {"sim-chat", "sim-embed"}
    assert all(model.local for model in models)
    assert (health.healthy, health.detail) == (True, "sim-chat answers")
