"""Which models are in a server's memory, in the words of each that tells."""

from typing import Any

import httpx2
import pytest

from workfleet.workers.providers.endpoint import Endpoint
from workfleet.workers.providers.sender import Sender

PS = {"models": [{"name": "m:latest", "context_length": 4096}]}
STATES = {"data": [{"id": "m", "state": "loaded"}, {"id": "n", "state": "not-loaded"}]}
ROUTED = {"data": [{"id": "m", "status": {"value": "loaded"}}, {"id": "n", "status": {"value": "unloaded"}}]}
SERVED = {"data": [{"id": "m"}]}
SYSTEM = {"backends": ["llama-cpp"], "loaded_models": [{"id": "m"}]}


@pytest.mark.parametrize(
    ("row", "path", "told"),
    [
        ("ollama", "/api/ps", PS),
        ("lmstudio", "/api/v0/models", STATES),
        ("llamacpp", "/v1/models", ROUTED),
        ("vllm", "/v1/models", SERVED),
        ("localai", "/system", SYSTEM),
    ],
    ids=["ollama", "lmstudio", "llamacpp", "vllm", "localai"],
)
async def test_a_model_is_loaded_or_not(row: str, path: str, told: dict[str, Any]) -> None:
    asked: list[str] = []

    def server(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return httpx2.Response(200, json=told)

    async with Sender(transport=httpx2.MockTransport(server)) as sender:
        found = [await sender.resident(Endpoint("p", row, "http://host"), model) for model in ("m", "n")]
    assert (found, asked) == ([True, False], [path, path])


async def test_of_a_server_that_does_not_tell_nothing_is_known() -> None:
    async with Sender(transport=httpx2.MockTransport(lambda _: httpx2.Response(500))) as sender:
        assert await sender.resident(Endpoint("p", "ruvllm", "http://host"), "m") is None
