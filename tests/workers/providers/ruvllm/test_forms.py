"""Which of its two APIs a ruvLLM server is spoken to in: OpenAI's if it has it, else its own."""

from typing import Any

import httpx2
import pytest

from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import Api, AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.http_client import http_client
from workfleet.workers.providers.ruvllm.forms import Forms
from workfleet.workers.providers.sender import Sender
from workfleet.workers.providers.wire import Wire

ASKED = Request.from_prompt("Hi")
QUERY_SAYS = {"text": "Hello", "model_used": "B1_2", "context_size": 512, "confidence": 0.9, "latency_ms": 1.0}
OPENAI_SAYS = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
LISTING = {"object": "list", "data": [{"id": "qwen2.5:0.5b"}]}


class Server:
    """One that has a listing of models or not, and remembers which paths were asked for."""

    def __init__(self, *, lists: bool) -> None:
        self.lists = lists
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(path)
        if path == "/v1/models":
            return httpx2.Response(200, json=LISTING) if self.lists else httpx2.Response(404, text="Not Found")
        if path == "/health":
            return httpx2.Response(200, json={"status": "healthy", "version": "0.1.0"})
        return httpx2.Response(200, json=QUERY_SAYS if path == "/query" else OPENAI_SAYS)


def endpoint(form: Any = "auto") -> Endpoint:
    return Endpoint("r", "ruvllm", "http://gpu:3000", api=Api(form=form))


@pytest.mark.parametrize(
    ("lists", "form", "asked"),
    [
        (False, "auto", ["/v1/models", "/query"]),
        (True, "auto", ["/v1/models", "/v1/chat/completions"]),
        (True, "query", ["/query"]),
        (False, "openai", ["/v1/chat/completions"]),
    ],
    ids=["found to be its own", "found to be OpenAI's", "said to be its own", "said to be OpenAI's"],
)
async def test_it_is_asked_in_the_form_that_it_has(lists: bool, form: str, asked: list[str]) -> None:
    server = Server(lists=lists)
    async with Sender(transport=httpx2.MockTransport(server)) as sender:
        said = [await sender.ask(endpoint(form), "auto", ASKED, Timeouts()) for _ in range(2)]
    assert [answer.text for answer in said] == ["Hello", "Hello"]
    assert server.asked == [*asked, asked[-1]]


async def test_what_was_found_is_looked_at_again_after_a_minute() -> None:
    now, server = [0.0], Server(lists=False)
    async with http_client(httpx2.MockTransport(server)) as client:
        forms = Forms(Wire(client), timer=lambda: now[0])
        for now[0], lists in ((0.0, False), (60.0, True), (60.1, True), (120.0, False)):
            server.lists = lists
            await forms.settled(endpoint(), Timeouts())
    assert server.asked == ["/v1/models"] * 2


async def test_a_server_that_is_not_there_is_a_failed_attempt() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused", request=request)

    async with Sender(transport=httpx2.MockTransport(refuse)) as sender:
        with pytest.raises(AttemptFailed, match="connection refused"):
            await sender.ask(endpoint(), "auto", ASKED, Timeouts())


async def test_a_server_without_a_listing_is_asked_for_its_health() -> None:
    server = Server(lists=False)
    async with Sender(transport=httpx2.MockTransport(server)) as sender:
        health, models = await sender.health(endpoint()), await sender.models(endpoint())
    assert (health.healthy, health.version, [model.name for model in models]) == (True, "0.1.0", ["auto"])
