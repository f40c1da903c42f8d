"""The interface that every provider has, whichever it is: its members, what is heard of its calls, and its end."""

import asyncio
import inspect
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from workfleet.routing.failure import Fault
from workfleet.tasks.errors import NoTarget
from workfleet.tasks.request import Request
from workfleet.workers.direct import AttemptFailed, Called, Provider, Providers
from workfleet.workers.settings import load_settings

ASKED = Request.from_prompt("Say it.", max_tokens=10)
ANSWER = {
    "model": "m",
    "choices": [{"message": {"content": "It."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3},
}
MEMBERS = {
    "name",
    "capabilities",
    "metadata",
    "model",
    "models",
    "use",
    "initialize",
    "complete",
    "stream",
    "embed",
    "count_tokens",
    "health",
    "estimate_cost",
    "spent",
    "on_call",
    "shutdown",
    "destroy",
    "get_response",
    "get_streamed_response",
}


def configured(folder: Path, **provider: Any) -> Path:
    file = folder / "fleet.yaml"
    file.write_text(yaml.safe_dump({"providers": provider}))
    return file


def test_it_has_every_member_that_callers_know() -> None:
    said = {name for name, _ in inspect.getmembers(Provider)} | set(Provider.__slots__)
    assert said >= MEMBERS


async def test_each_call_is_heard_of_when_it_has_ended(tmp_path: Path) -> None:
    replies = [httpx2.Response(200, json=ANSWER), httpx2.Response(503, json={"error": "busy"})]
    heard: list[Called] = []
    settings = load_settings(configured(tmp_path, vllm={"default_model": "m"}), env={})
    transport = httpx2.MockTransport(lambda _: replies.pop(0))
    async with Providers.of(settings, on_call=heard.append, transport=transport) as providers:
        answer = await providers["vllm"].complete(ASKED)
        with pytest.raises(AttemptFailed):
            await providers.get_model_for_agent("anybody").complete(ASKED)
    good, bad = heard
    assert (good.provider, good.model, good.answer, good.failure) == ("vllm", "m", answer, None)
    assert answer.usage.cost_source == "local"
    assert (bad.answer, bad.failure and bad.failure.fault) == (None, Fault.OVERLOADED)


async def test_after_its_end_it_takes_no_calls_and_those_under_way_have_ended(tmp_path: Path) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def slow(_: httpx2.Request) -> httpx2.Response:
        began.set()
        await may_end.wait()
        return httpx2.Response(200, json=ANSWER)

    settings = load_settings(configured(tmp_path, vllm={"default_model": "m"}), env={})
    async with Providers.of(settings, transport=httpx2.MockTransport(slow)) as providers:
        provider = providers["vllm"]
        call = asyncio.create_task(provider.complete(ASKED))
        await began.wait()
        ending = asyncio.create_task(provider.shutdown())
        await asyncio.sleep(0)  # the turn in which it begins to end
        with pytest.raises(NoTarget, match="vllm: it was shut down"):
            await provider.complete(ASKED)
        assert not ending.done()
        may_end.set()
        await ending
        assert (await call).text == "It."
        await provider.destroy()


@pytest.mark.parametrize(
    ("said", "extra", "sent"),
    [
        ({}, {}, None),
        ({"always": {"service_tier": "flex"}}, {}, "flex"),
        ({"always": {"service_tier": "flex"}}, {"service_tier": "on_demand"}, "on_demand"),
        ({}, {"service_tier": "auto"}, "auto"),
    ],
    ids=["nothing is said", "the configuration says it", "the request wins", "the request alone"],
)
async def test_groqs_tier_of_service_may_be_configured_or_asked_for(
    said: dict[str, Any], extra: dict[str, Any], sent: str | None, tmp_path: Path
) -> None:
    bodies: list[dict[str, Any]] = []

    def groq(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return httpx2.Response(200, json=ANSWER)

    settings = load_settings(configured(tmp_path, groq={"default_model": "m", "api_key": "k", "api": said}), env={})
    async with Providers.of(settings, transport=httpx2.MockTransport(groq)) as providers:
        await providers["groq"].complete(ASKED.model_copy(update={"extra": extra}))
    assert bodies[0].get("service_tier") == sent
