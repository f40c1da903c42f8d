"""A client that asks a simulator with one fault, and sees the reply."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from workfleet.workers.simulator import Settings, Simulator

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Say something."}], "stream": False}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def events(self) -> list[Any]:
        return [json.loads(line[6:]) for line in self.text.splitlines() if line.startswith("data: {")]


async def _reply(fault: str, path: str, body: Any = None, *, method: str = "POST", **settings: object) -> Reply:
    sent = (CHAT if body is None else body) if method == "POST" else None
    async with (
        Simulator(Settings().changed({"answer_tokens": 40, **settings}), faults=[fault]) as sim,
        aiohttp.ClientSession() as client,
        client.request(method, sim.base_url + path, json=sent) as response,
    ):
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status, headers, await response.text())


@pytest.fixture
def reply() -> Callable[..., Awaitable[Reply]]:
    """`await reply(fault, path, body, method=…, **settings)`; a short chat unless another body is given."""
    return _reply
