"""Servers that learn are told how good their answers were, and nothing depends on it."""

import asyncio
import json

import httpx2
import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.job import JobSpec
from workfleet.tasks.request import Request
from workfleet.workers.endpoints.upstream import Upstream
from workfleet.workers.judging.objection import objection
from workfleet.workers.providers.endpoint import Endpoint
from workfleet.workers.providers.feedback import Feedback
from workfleet.workers.providers.http_client import http_client
from workfleet.workers.providers.sender import Sender
from workfleet.workers.providers.wire import Wire
from workfleet.workers.settings.provider import ProviderSettings

ASKED = Request.from_prompt("An object, please.", system="Be brief.")
TOLD = {"query": "[System]: Be brief.\n\n[User]: An object, please.", "response": "{}"}


class Learner:
    """Takes feedback, one at a time if it is told to wait."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.told: list[tuple[str, dict[str, object]]] = []
        self.heard = asyncio.Event()
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.told.append((str(request.url), json.loads(request.content)))
        self.heard.set()
        await self.may_go.wait()
        return httpx2.Response(self.status)


def sender(learner: Learner) -> Sender:
    return Sender(transport=httpx2.MockTransport(learner))


@pytest.mark.parametrize(("text", "quality"), [("{}", 1.0), ("no JSON", 0.0)], ids=["accepted", "rejected"])
async def test_a_judged_answer_is_told_of(text: str, quality: float) -> None:
    learner, spec, answer = Learner(), JobSpec(request=ASKED, judge="json"), Answer(text=text)
    async with sender(learner) as speaking:
        settings = ProviderSettings(name="r", type="ruvllm", tier="local", base_urls=("http://learner:3000",))
        upstream = Upstream.of(settings, settings.endpoints(), speaking)
        upstream.judged(spec, "auto", answer, objection(spec, answer))
        await asyncio.wait_for(learner.heard.wait(), 5)
    assert learner.told == [("http://learner:3000/feedback", TOLD | {"response": text, "quality": quality})]


@pytest.mark.parametrize(
    ("type_", "request_"),
    [("vllm", ASKED), ("ruvllm", Request(kind="embedding", input=("x",)))],
    ids=["a server that does not learn", "vectors"],
)
async def test_others_are_told_nothing(type_: str, request_: Request) -> None:
    learner = Learner()
    async with http_client(httpx2.MockTransport(learner)) as client:
        feedback = Feedback(Wire(client))
        feedback.tell(Endpoint("r", type_, "http://learner"), request_, "{}", 1.0)
        await feedback.close()
    assert learner.told == []


async def test_an_answer_that_nobody_judged_is_not_told_of() -> None:
    learner = Learner()
    async with sender(learner) as speaking:
        settings = ProviderSettings(name="r", type="ruvllm", tier="local", base_urls=("http://learner",))
        upstream = Upstream.of(settings, settings.endpoints(), speaking)
        upstream.judged(JobSpec(request=ASKED), "auto", Answer(text="{}"), None)
        await asyncio.sleep(0)
    assert learner.told == []


async def test_a_server_that_is_slow_to_learn_is_told_no_more_and_holds_up_nobody() -> None:
    learner = Learner()
    learner.may_go.clear()
    async with sender(learner) as speaking:
        for _ in range(100):
            speaking.tell_quality(Endpoint("r", "ruvllm", "http://learner"), ASKED, "{}", 1.0)
        await asyncio.wait_for(learner.heard.wait(), 5)
    assert len(learner.told) <= 32


async def test_a_server_that_refuses_it_does_no_harm() -> None:
    learner = Learner(status=404)
    async with sender(learner) as speaking:
        speaking.tell_quality(Endpoint("r", "ruvllm", "http://learner"), ASKED, "{}", 1.0)
        await asyncio.wait_for(learner.heard.wait(), 5)
    assert len(learner.told) == 1
