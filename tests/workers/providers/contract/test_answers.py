"""Every kind of request against the simulator, from every provider: callers see the same."""

import asyncio
import json
from typing import Any

import pytest

from workfleet.tasks.answer import Answer, FinishReason
from workfleet.tasks.request import FunctionCall, Message, Request, ResponseFormat, ToolCall
from workfleet.workers.providers.dialect import Ask, Delta
from workfleet.workers.providers.dialects import DIALECTS
from workfleet.workers.providers.endpoint import Endpoint, Timeouts
from workfleet.workers.providers.http_client import http_client
from workfleet.workers.providers.inspection import within
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.providers.sender import Sender
from workfleet.workers.providers.wire import Wire
from workfleet.workers.simulator import Settings, Simulator

from .places import PLACES, Place, everywhere

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = Timeouts(first_token_s=30, idle_s=30, total_s=60)

WORD: dict[str, Any] = {"type": "object", "properties": {"word": {"type": "string"}, "times": {"type": "integer"}}}

TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "look_up", "description": "Looks a word up.", "parameters": WORD},
}


async def both(sender: Sender, endpoint: Endpoint, request: Request) -> tuple[Answer, Answer, list[Delta]]:
    """The answer in one piece, as a stream, and what the stream said on the way."""
    said: list[Delta] = []

    async def take(delta: Delta) -> None:
        said.append(delta)

    whole = await sender.ask(endpoint, "sim-chat", request, LIMITS)
    streamed = await sender.ask(endpoint, "sim-chat", request, LIMITS, on_delta=take)
    return whole, streamed, said


@everywhere()
@pytest.mark.parametrize(
    "request_",
    [
        Request.from_prompt("Tell me of rivers.", system="Be brief.", temperature=0.5, max_tokens=500),
        Request(kind="completion", prompt="Rivers are", max_tokens=500),
    ],
    ids=["chat", "completion"],
)
async def test_whole_and_streamed_answers_agree(
    simulator: Simulator, sender: Sender, place: Place, request_: Request
) -> None:
    whole, streamed, said = await both(sender, place.at(simulator.base_url), request_)
    assert (streamed.text, streamed.usage, streamed.finish_reason) == (whole.text, whole.usage, whole.finish_reason)
    assert "".join(delta.text for delta in said) == whole.text
    assert whole.finish_reason is FinishReason.STOP
    # ruvLLM neither counts nor streams.
    assert (whole.usage.source, len(said) > 1) == (("estimate", False) if place.row == "ruvllm" else ("provider", True))


@everywhere()
async def test_tokens_are_those_that_the_provider_counted(simulator: Simulator, sender: Sender, place: Place) -> None:
    answer = await sender.ask(place.at(simulator.base_url), "sim-chat", Request.from_prompt("Tell me."), LIMITS)
    counted = (simulator.stats.prompt_tokens, simulator.stats.completion_tokens)
    if place.row != "ruvllm":
        assert (answer.usage.input_tokens, answer.usage.output_tokens) == counted
    billed = (answer.usage.billed_input_tokens, answer.usage.billed_output_tokens)
    assert (billed == (None, None)) is (place.row != "cohere")
    assert (answer.usage.cost_usd is not None) is (place.row == "openrouter" or ROWS[place.row].tier == "local")


@everywhere("ruvllm")
async def test_an_answer_that_reaches_its_limit_says_so(simulator: Simulator, sender: Sender, place: Place) -> None:
    request = Request.from_prompt("Tell me.", max_tokens=5)
    whole, streamed, _ = await both(sender, place.at(simulator.base_url), request)
    assert (whole.finish_reason, whole.usage.output_tokens) == (FinishReason.LENGTH, 5)
    assert (streamed.finish_reason, streamed.text) == (whole.finish_reason, whole.text)


@everywhere("ruvllm", "openai", "azure", "github", "simulated", "openai_compatible")
async def test_reasoning_is_kept_apart_from_the_answer(sender: Sender, place: Place) -> None:
    request = Request.from_prompt("Tell me.", reasoning_effort="low", max_tokens=4000)
    async with Simulator(Settings(answer_tokens=20, reasoning_tokens=12)) as simulator:
        whole, streamed, said = await both(sender, place.at(simulator.base_url), request)
    assert (bool(whole.reasoning), bool(whole.text)) == (True, True)
    assert (streamed.reasoning, streamed.text, streamed.usage) == (whole.reasoning, whole.text, whole.usage)
    assert "".join(delta.reasoning for delta in said) == whole.reasoning


@everywhere("ruvllm")
async def test_a_tool_is_called_with_arguments(simulator: Simulator, sender: Sender, place: Place) -> None:
    request = Request.from_prompt("Use look_up.", tools=(TOOL,), max_tokens=500)
    whole, streamed, _ = await both(sender, place.at(simulator.base_url), request)
    for answer in (whole, streamed):
        (call,) = answer.tool_calls
        assert (call.function.name, bool(call.id)) == ("look_up", True)
        assert json.loads(call.function.arguments) == {"word": "as asked", "times": 1}
        assert answer.finish_reason is FinishReason.TOOL_CALLS


@everywhere("ruvllm", "ollama")
async def test_a_call_can_be_required(simulator: Simulator, sender: Sender, place: Place) -> None:
    request = Request.from_prompt("Say something.", tools=(TOOL,), tool_choice="required", max_tokens=500)
    answer = await sender.ask(place.at(simulator.base_url), "sim-chat", request, LIMITS)
    assert [call.function.name for call in answer.tool_calls] == ["look_up"]


@everywhere("ruvllm")
async def test_a_tools_result_is_answered(simulator: Simulator, sender: Sender, place: Place) -> None:
    call = ToolCall(id="call_1", function=FunctionCall(name="look_up", arguments='{"word": "river"}'))
    turns = (
        Message(role="system", content="Be brief."),
        Message(role="user", content="Use look_up."),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", tool_call_id="call_1", content="look_up: a river is water"),
    )
    request = Request(messages=turns, tools=(TOOL,), max_tokens=500)
    answer = await sender.ask(place.at(simulator.base_url), "sim-chat", request, LIMITS)
    assert (bool(answer.text), answer.tool_calls, answer.finish_reason) == (True, (), FinishReason.STOP)


@everywhere("ruvllm")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_an_answer_has_the_schema_that_was_asked_for(
    simulator: Simulator, sender: Sender, place: Place, stream: bool
) -> None:
    shape = ResponseFormat(type="json_schema", json_schema={"name": "entry", "schema": WORD})
    request = Request.from_prompt("An entry.", response_format=shape, max_tokens=500, stream=stream)
    answer = await sender.ask(place.at(simulator.base_url), "sim-chat", request, LIMITS)
    assert json.loads(answer.text) == {"word": "as asked", "times": 1}
    assert (answer.tool_calls, answer.finish_reason) == ((), FinishReason.STOP)


@everywhere("ruvllm", "anthropic")
async def test_each_input_has_its_embedding(simulator: Simulator, sender: Sender, place: Place) -> None:
    request = Request(kind="embedding", input=("a", "b", "a"))
    answer = await sender.ask(place.at(simulator.base_url), "sim-embed", request, LIMITS)
    first, second, third = answer.embeddings
    assert (first == third, first == second, len(first)) == (True, False, 8)
    # Gemini does not count them.
    assert (answer.usage.source, answer.usage.input_tokens > 0) == (
        ("estimate" if place.row == "google" else "provider"),
        True,
    )


@everywhere()
async def test_its_models_and_its_health_are_told(simulator: Simulator, sender: Sender, place: Place) -> None:
    endpoint = place.at(simulator.base_url)
    models = await sender.models(endpoint)
    health = await sender.health(endpoint, ping_model="sim-chat")
    listed = {"auto"} if place.row == "ruvllm" else {"sim-chat", "sim-embed"}
    assert {model.name.removesuffix(":latest") for model in models} == listed
    assert {model.local for model in models} == {ROWS[place.row].tier == "local"}
    assert (health.healthy, health.detail) == (True, "sim-chat answers")


@everywhere()
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_cancelled_call_ends_at_the_provider(sender: Sender, place: Place, stream: bool) -> None:
    async with Simulator(Settings(latency_s=60)) as simulator:
        request = Request.from_prompt("Tell me.", stream=stream)
        call = asyncio.create_task(sender.ask(place.at(simulator.base_url), "sim-chat", request, LIMITS))
        async with asyncio.timeout(10):
            while not simulator.stats.in_flight:
                await asyncio.sleep(0.001)
            call.cancel()
            while simulator.stats.in_flight:
                await asyncio.sleep(0.001)
    assert (call.cancelled(), simulator.stats.aborted) == (True, 1)


@everywhere()
async def test_the_provider_is_told_which_job_a_call_is_of(simulator: Simulator, sender: Sender, place: Place) -> None:
    await sender.ask(place.at(simulator.base_url), "sim-chat", Request.from_prompt("x"), LIMITS, job_id="job-1")
    assert (simulator.stats.requested("job-1"), simulator.stats.served("job-1")) == (1, 1)


@pytest.mark.parametrize(
    "place",
    [
        place
        for place in PLACES
        if DIALECTS[ROWS[place.row].dialect].count(Ask(ROWS[place.row], "p", "m", Request.from_prompt("x")))
    ],
    ids=lambda place: place.name,
)
async def test_a_requests_tokens_can_be_counted_first(simulator: Simulator, place: Place) -> None:
    dialect = DIALECTS[ROWS[place.row].dialect]
    call = dialect.count(Ask(ROWS[place.row], "p", "sim-chat", Request.from_prompt("Tell me of rivers.")))
    assert call
    async with http_client(None) as client:
        reply = await Wire(client).fetch(place.at(simulator.base_url), call, within(10))
    assert dialect.counted(reply) == 5
