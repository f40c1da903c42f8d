"""Anthropic refuses an answer in one piece that may take more than ten minutes: such ones are streamed."""

import json

import httpx2
import pytest

from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import Endpoint, Timeouts
from workfleet.workers.providers.sender import Sender

from ..speakers import ANTHROPIC


@pytest.mark.parametrize(
    ("max_tokens", "streams"), [(None, False), (21_333, False), (21_334, True)], ids=["usual", "just", "long"]
)
async def test_a_long_answer_is_streamed_though_nobody_asked_for_it(max_tokens: int | None, streams: bool) -> None:
    asked: list[bool] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(json.loads(request.content).get("stream", False))
        kind, content = ("event-stream", ANTHROPIC.stream) if asked[-1] else ("json", ANTHROPIC.whole)
        return httpx2.Response(200, content=content, headers={"content-type": f"text/{kind}"})

    request = Request.from_prompt("Tell all.", max_tokens=max_tokens)
    async with Sender(transport=httpx2.MockTransport(answer)) as sender:
        found = await sender.ask(Endpoint("claude", "anthropic", "https://host"), "m", request, Timeouts())
    assert (asked, found.text) == ([streams], "Grüße 🙂")
