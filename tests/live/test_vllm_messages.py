"""Anthropic's dialect against a real vLLM, which serves its Messages API too: FLEET_LIVE_VLLM_URL is its address."""

import json
import os
from collections.abc import AsyncIterator

import pytest

from workfleet.routing.failure import Fault
from workfleet.tasks.answer import FinishReason
from workfleet.tasks.request import FunctionCall, Message, Request, ToolCall
from workfleet.workers.providers.dialect import Delta
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.sender import Sender

URL = os.environ.get("FLEET_LIVE_VLLM_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="FLEET_LIVE_VLLM_URL is not set: no real vLLM to try")

MESSAGES = Endpoint("gpu", "anthropic", URL)
LIMITS = Timeouts(connect_s=5, first_token_s=60, idle_s=60, total_s=120)
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with Sender() as sender:
        yield sender


@pytest.fixture
async def model(sender: Sender) -> str:
    """The first model that the server lists."""
    return (await sender.models(MESSAGES))[0].name


async def test_its_models_are_listed_with_their_context(sender: Sender) -> None:
    (listed,) = await sender.models(MESSAGES)
    assert (bool(listed.name), bool(listed.context_tokens), listed.owned_by) == (True, True, "vllm")


async def test_it_is_healthy(sender: Sender, model: str) -> None:
    health = await sender.health(MESSAGES, ping_model=model)
    assert (health.healthy, health.detail) == (True, f"{model} answers")


async def test_a_chat_is_answered(sender: Sender, model: str) -> None:
    request = Request.from_prompt("Hello", system="Be brief.", max_tokens=8, temperature=0, top_k=4)
    answer = await sender.ask(MESSAGES, model, request, LIMITS)
    assert (answer.model, answer.finish_reason, answer.raw_finish_reason) == (model, FinishReason.LENGTH, "max_tokens")
    assert (answer.usage.source, answer.usage.output_tokens, answer.usage.input_tokens > 0) == ("provider", 8, True)
    assert answer.text


async def test_a_stream_says_what_the_whole_answer_says(sender: Sender, model: str) -> None:
    said: list[Delta] = []

    async def take(delta: Delta) -> None:
        said.append(delta)

    request = Request.from_prompt("Hello", max_tokens=16, temperature=0)
    whole = await sender.ask(MESSAGES, model, request, LIMITS)
    streamed = await sender.ask(MESSAGES, model, request, LIMITS, on_delta=take)
    assert "".join(delta.text for delta in said) == streamed.text
    assert (streamed.text, streamed.usage, streamed.finish_reason) == (whole.text, whole.usage, whole.finish_reason)
    assert streamed.first_token_s is not None


async def test_the_same_prompt_is_as_long_in_both_apis(sender: Sender, model: str) -> None:
    request = Request.from_prompt("Hello", system="Be brief.", max_tokens=1, temperature=0)
    other = Endpoint("gpu", "vllm", URL)
    counted = (await sender.ask(MESSAGES, model, request, LIMITS)).usage.input_tokens
    assert counted == (await sender.ask(other, model, request, LIMITS)).usage.input_tokens
    assert counted == await sender.count_tokens(other, model, request)
    assert counted == await sender.count_tokens(MESSAGES, model, request)


async def test_a_conversation_with_tools_is_understood(sender: Sender, model: str) -> None:
    call = ToolCall(id="call_1", function=FunctionCall(name="weather", arguments='{"city": "Köln"}'))
    request = Request(
        messages=(
            Message(role="user", content="How is the weather?"),
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", tool_call_id="call_1", content="rain"),
        ),
        max_tokens=4,
        temperature=0,
    )
    answer = await sender.ask(MESSAGES, model, request, LIMITS)
    assert answer.usage.output_tokens == 4


async def test_a_tool_that_must_be_called_is_called(sender: Sender, model: str) -> None:
    choice = {"type": "function", "function": {"name": "weather"}}
    # In one piece, the server itself stumbles over what random weights say in place of arguments.
    request = Request.from_prompt(
        "How is it in Köln?", tools=(TOOL,), tool_choice=choice, max_tokens=200, temperature=0, stream=True
    )
    try:
        answer = await sender.ask(MESSAGES, model, request, LIMITS)
    except AttemptFailed as failed:
        if "--tool-call-parser" not in str(failed):
            raise
        pytest.skip("this server was started without --tool-call-parser")
    assert {each.function.name for each in answer.tool_calls} == {"weather"}
    # Random weights seldom come to the end of a text.
    assert answer.finish_reason in (FinishReason.TOOL_CALLS, FinishReason.LENGTH)


async def test_an_answer_can_be_held_to_a_schema(sender: Sender, model: str) -> None:
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    shape = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    request = Request.from_prompt("Is it?", max_tokens=64, temperature=0, response_format=shape)
    answer = await sender.ask(MESSAGES, model, request, LIMITS)
    assert answer.finish_reason is FinishReason.STOP
    assert isinstance(json.loads(answer.text)["ok"], bool)


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (Request.from_prompt("x", max_tokens=10**7), Fault.CONTEXT_OVERFLOW),
        (Request.from_prompt("word " * 6_000, max_tokens=1), Fault.CONTEXT_OVERFLOW),
        (Request.from_prompt("x", max_tokens=1, top_k=-7), Fault.BAD_REQUEST),
        (Request(kind="embedding", input=("x",)), Fault.BAD_REQUEST),
    ],
    ids=["an answer too long", "a prompt too long", "a wrong value", "no embeddings"],
)
async def test_what_it_refuses_has_its_class(sender: Sender, model: str, request_: Request, fault: Fault) -> None:
    with pytest.raises(AttemptFailed) as failed:
        await sender.ask(MESSAGES, model, request_, LIMITS)
    assert failed.value.failure.fault is fault


async def test_a_model_it_does_not_have_is_named(sender: Sender, model: str) -> None:
    with pytest.raises(AttemptFailed) as failed:
        await sender.ask(MESSAGES, f"no-{model}", Request.from_prompt("x", max_tokens=1), LIMITS)
    assert (failed.value.failure.fault, failed.value.failure.status) == (Fault.MODEL_NOT_FOUND, 404)
    assert f"no-{model}" in json.dumps(str(failed.value))
