"""The sender against a real vLLM: FLEET_LIVE_VLLM_URL is its address, with or without /v1."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason
from workfleet.tasks.request import Request
from workfleet.workers.providers.detect import detect
from workfleet.workers.providers.dialect import Delta, ListedModel
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.sender import Sender

URL = os.environ.get("FLEET_LIVE_VLLM_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="FLEET_LIVE_VLLM_URL is not set: no real vLLM to try")

VLLM = Endpoint("gpu", "vllm", URL)
LIMITS = Timeouts(connect_s=5, first_token_s=60, idle_s=60, total_s=120)
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with Sender() as sender:
        yield sender


@pytest.fixture
async def model(sender: Sender) -> ListedModel:
    """The first model that the server lists."""
    return (await sender.models(VLLM))[0]


async def outcome(sender: Sender, model: str, request: Request) -> Answer | Failure:
    try:
        return await sender.ask(VLLM, model, request, LIMITS)
    except AttemptFailed as failed:
        return failed.failure


async def failure(sender: Sender, model: str, request: Request) -> Failure:
    found = await outcome(sender, model, request)
    assert isinstance(found, Failure)
    return found


async def test_its_models_are_listed_with_their_context(model: ListedModel) -> None:
    assert (model.owned_by, model.local, bool(model.context_tokens)) == ("vllm", True, True)


async def test_it_is_healthy_and_tells_its_version(sender: Sender, model: ListedModel) -> None:
    health = await sender.health(VLLM, ping_model=model.name)
    assert (health.healthy, health.detail) == (True, f"{model.name} answers")
    assert health.version


async def test_it_is_detected(model: ListedModel) -> None:
    detection = await detect({}, answer_s=10, places={URL.removesuffix("/v1"): ["vllm"]})
    assert [(server.type, model.name in server.models) for server in detection.servers] == [("vllm", True)]


async def test_a_chat_is_answered(sender: Sender, model: ListedModel) -> None:
    request = Request.from_prompt(
        "Hello", system="Be brief.", max_tokens=8, temperature=0, seed=1, top_k=4, keep_body=True
    )
    answer = await sender.ask(VLLM, model.name, request, LIMITS, job_id="job-1")
    assert answer.body is not None
    assert (answer.model, answer.usage.source, answer.usage.cost_usd) == (model.name, "provider", 0.0)
    assert answer.text == answer.body["choices"][0]["message"]["content"]
    assert answer.usage.output_tokens == answer.body["usage"]["completion_tokens"]
    assert answer.usage.input_tokens > 0
    assert "job-1" in (answer.request_id or "")


async def test_a_stream_says_what_the_whole_answer_says(sender: Sender, model: ListedModel) -> None:
    said: list[Delta] = []

    async def take(delta: Delta) -> None:
        said.append(delta)

    request = Request.from_prompt("Hello", max_tokens=16, temperature=0, keep_body=True)
    whole = await sender.ask(VLLM, model.name, request, LIMITS)
    streamed = await sender.ask(VLLM, model.name, request, LIMITS, on_delta=take)
    assert "".join(delta.text for delta in said) == streamed.text
    assert (streamed.text, streamed.usage, streamed.finish_reason) == (whole.text, whole.usage, whole.finish_reason)
    assert streamed.first_token_s is not None
    assert streamed.body is not None
    assert whole.body is not None
    assert streamed.body["usage"]["total_tokens"] == whole.body["usage"]["total_tokens"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_completion_goes_on_with_the_prompt(sender: Sender, model: ListedModel, stream: bool) -> None:
    request = Request(kind="completion", prompt="def f(", max_tokens=4, stream=stream)
    answer = await sender.ask(VLLM, model.name, request, LIMITS)
    assert (answer.usage.output_tokens, answer.finish_reason) == (4, FinishReason.LENGTH)


async def test_several_choices_are_in_the_body(sender: Sender, model: ListedModel) -> None:
    request = Request.from_prompt("Hello", max_tokens=4, keep_body=True, stream=True, extra={"n": 2})
    answer = await sender.ask(VLLM, model.name, request, LIMITS)
    assert answer.body is not None
    assert [choice["index"] for choice in answer.body["choices"]] == [0, 1]


async def test_an_answer_can_be_held_to_a_schema(sender: Sender, model: ListedModel) -> None:
    schema = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": False,
    }
    shape = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    request = Request.model_validate(
        {
            "messages": [{"role": "user", "content": "Is it?"}],
            "response_format": shape,
            "max_tokens": 64,
            "temperature": 0,
        }
    )
    answer = await sender.ask(VLLM, model.name, request, LIMITS)
    assert answer.finish_reason in (FinishReason.STOP, FinishReason.LENGTH)
    assert answer.text.lstrip().startswith("{")


async def test_a_tool_is_called_or_the_server_is_not_set_up_for_it(sender: Sender, model: ListedModel) -> None:
    choice = {"type": "function", "function": {"name": "f"}}
    # In one piece, a call that is cut off comes as text; random weights seldom come to the end of one.
    request = Request.from_prompt("Call f.", tools=(TOOL,), tool_choice=choice, max_tokens=64, stream=True)
    found = await outcome(sender, model.name, request)
    if isinstance(found, Failure):
        assert (found.fault, "--tool-call-parser" in found.message) == (Fault.BAD_REQUEST, True)
    else:
        assert {call.function.name for call in found.tool_calls} == {"f"}


@pytest.mark.parametrize(
    ("request_", "fault", "parameter"),
    [
        (Request.from_prompt("x", max_tokens=10**7), Fault.CONTEXT_OVERFLOW, "max_tokens"),
        (Request.from_prompt("word " * 6_000, max_tokens=1), Fault.CONTEXT_OVERFLOW, "input_tokens"),
        (Request.from_prompt("word " * 200_000, max_tokens=1), Fault.CONTEXT_OVERFLOW, "input_text"),
        (Request.from_prompt("x", max_tokens=1, top_k=-7), Fault.BAD_REQUEST, None),
        (Request(kind="embedding", input=("x",)), Fault.MODEL_NOT_FOUND, None),
    ],
    ids=[
        "an answer too long",
        "a prompt too long",
        "a prompt far too long",
        "a wrong value",
        "no embeddings",
    ],
)
async def test_what_it_refuses_has_its_class(
    sender: Sender, model: ListedModel, request_: Request, fault: Fault, parameter: str | None
) -> None:
    found = await failure(sender, model.name, request_)
    assert (found.fault, found.parameter) == (fault, parameter)


async def test_a_model_it_does_not_have_is_named(sender: Sender, model: ListedModel) -> None:
    found = await failure(sender, "no-such-model", Request.from_prompt("x", max_tokens=1))
    assert (found.fault, found.status, "no-such-model" in found.message) == (Fault.MODEL_NOT_FOUND, 404, True)


async def test_a_cancelled_answer_frees_the_server(sender: Sender, model: ListedModel) -> None:
    begun = asyncio.Event()

    async def take(_delta: Delta) -> None:
        begun.set()

    request = Request.from_prompt("Hello", max_tokens=3000, extra={"ignore_eos": True})
    task = asyncio.create_task(sender.ask(VLLM, model.name, request, LIMITS, on_delta=take))
    await asyncio.wait_for(begun.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(30):
        while await running_requests():
            await asyncio.sleep(0.05)


async def running_requests() -> float:
    """What vLLM's own metrics say."""
    root = URL.removesuffix("/v1").split("://")[1]
    host, _, port = root.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port or 80))
    writer.write(f"GET /metrics HTTP/1.0\r\nHost: {root}\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    values = [line.split()[-1] for line in text.splitlines() if line.startswith("vllm:num_requests_running{")]
    assert values, "vLLM tells how many requests run"
    return sum(map(float, values))
