"""Calls to a provider whose replies a test decides."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from workfleet.routing.failure import Failure
from workfleet.tasks.answer import Answer
from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.sender import Sender

CHAT = Request.from_prompt("Name a colour.", max_tokens=9, temperature=0.2)

LIMITS = Timeouts()

COMPLETION = {
    "id": "c",
    "model": "m",
    "choices": [{"index": 0, "message": {"content": "Blue."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2},
}

OLLAMA_ANSWER = {"model": "m", "message": {"content": "Blue."}, "done": True, "done_reason": "stop", "eval_count": 2}


def endpoint(row: str = "vllm", key: str | None = None, **headers: str) -> Endpoint:
    secret = SecretStr(key) if key is not None else None
    return Endpoint("p", row, "http://server:8000", secret, {k.replace("_", "-"): v for k, v in headers.items()})


class Server:
    """Answers from a list, or by a function of the request, and remembers what it was asked."""

    def __init__(self, *replies: httpx2.Response | Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.replies = list(replies)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply if isinstance(reply, httpx2.Response) else reply(request)

    def body(self, at: int = 0) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.requests[at].content)
        return body

    def asked(self) -> list[tuple[str, str]]:
        return [(request.method, str(request.url.raw_path, "ascii")) for request in self.requests]


def says(body: Any, status: int = 200, **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes):
        return lambda _: httpx2.Response(status, content=body, headers=named)
    return lambda _: httpx2.Response(status, json=body, headers=named)


def refuses(parameter: str, message: str = "m") -> Callable[[httpx2.Request], httpx2.Response]:
    error = {"message": message, "type": "invalid_request_error", "param": parameter, "code": "unsupported_parameter"}
    return says({"error": error}, 400)


def streams(*events: Any) -> Callable[[httpx2.Request], httpx2.Response]:
    body = b"".join(f"data: {e if isinstance(e, str) else json.dumps(e)}\n\n".encode() for e in events)
    return lambda _: httpx2.Response(200, content=body, headers={"Content-Type": "text/event-stream"})


@asynccontextmanager
async def sending(server: Server, **settings: Any) -> AsyncGenerator[Sender]:
    async with Sender(transport=httpx2.MockTransport(server), **settings) as sender:
        yield sender


async def answer(server: Server, where: Endpoint | None = None, request: Request = CHAT, **fields: Any) -> Answer:
    async with sending(server) as sender:
        return await sender.ask(where or endpoint(), "m", request, LIMITS, **fields)


async def failure(server: Server, where: Endpoint | None = None, request: Request = CHAT, **fields: Any) -> Failure:
    with pytest.raises(AttemptFailed) as failed:
        await answer(server, where, request, **fields)
    return failed.value.failure
