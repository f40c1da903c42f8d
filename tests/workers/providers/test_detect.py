"""Detection against small servers that answer as the real ones do."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from workfleet.workers.providers import detect as module
from workfleet.workers.providers.detect import Detected, detect, usual_places

Paths = Mapping[str, tuple[int, Any]]


def listing(*names: str, **fields: Any) -> tuple[int, Any]:
    return 200, {"object": "list", "data": [{"id": name, "object": "model", **fields} for name in names]}


NOT_THERE = (404, {"detail": "Not Found"})
OLLAMA: Paths = {
    "/v1/models": listing("qwen3:4b", "gpt-oss:120b-cloud", owned_by="library"),
    "/api/tags": (200, {"models": [{"name": "qwen3:4b"}, {"name": "gpt-oss:120b-cloud", "remote_host": "x"}]}),
}
VLLM: Paths = {"/v1/models": listing("tiny", owned_by="vllm", max_model_len=4096)}
VLLM_WITH_KEY: Paths = {"/v1/models": (401, {"error": "Unauthorized"})}
#: LM Studio answers every path that it does not have with status 200.
LMSTUDIO: Paths = {
    "/v1/models": listing("q", owned_by="organization_owner"),
    "/api/v0/models": listing("q", type="llm"),
    "*": (200, {"error": "Unexpected endpoint or method. (GET /api/tags)"}),
}
LOCALAI: Paths = {"/v1/models": listing("phi"), "/readyz": (200, None)}
LLAMACPP: Paths = {"/v1/models": listing("gemma.gguf", owned_by="llamacpp")}
LLAMACPP_LOADING: Paths = {
    "*": (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})
}
RUVLLM: Paths = {
    "/health": (200, {"status": "healthy", "version": "0.1.0"}),
    "/stats": (
        200,
        {"total_queries": 0, "cache_hits": 0, "avg_latency_ms": 0.0, "memory_nodes": 0, "router_updates": 0},
    ),
}
HEALTHY_PAGE: Paths = {"/health": (200, {"status": "healthy"}), "/stats": (200, {"users": 3})}
ANOTHER: Paths = {"/v1/models": listing("m", owned_by="me")}
WEB_PAGE: Paths = {"*": (200, "<html>hello</html>")}


@asynccontextmanager
async def served(paths: Paths, server: str = "test") -> AsyncGenerator[str]:
    """The base URL of a server that has these paths; `*` is all the others."""

    async def answer(request: web.Request) -> web.Response:
        status, body = paths.get(request.path, paths.get("*", NOT_THERE))
        headers = {"Server": server}
        if isinstance(body, str) or body is None:
            return web.Response(status=status, text=body, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as running:
        yield str(running.make_url("")).rstrip("/")


async def found_at(paths: Paths, usually: Sequence[str], server: str = "test") -> list[tuple[str, tuple[str, ...]]]:
    """Type and models of what is detected. They may take longer than in life: the machine may be busy."""
    async with served(paths, server) as url:
        detection = await detect({}, answer_s=10, places={url: usually})
    assert all(server.base_url == url for server in detection.servers)
    return [(server.type, server.models) for server in detection.servers]


@pytest.mark.parametrize(
    ("paths", "type_", "models"),
    [
        (OLLAMA, "ollama", ("qwen3:4b",)),
        (VLLM, "vllm", ("tiny",)),
        (VLLM_WITH_KEY, "vllm", ()),
        (LMSTUDIO, "lmstudio", ("q",)),
        (LOCALAI, "localai", ("phi",)),
        (LLAMACPP, "llamacpp", ("gemma.gguf",)),
        (RUVLLM, "ruvllm", ("auto",)),
        (ANOTHER, "openai_compatible", ("m",)),
    ],
    ids=[
        "Ollama, without models that run elsewhere",
        "vLLM",
        "vLLM that wants a key",
        "LM Studio",
        "LocalAI",
        "llama.cpp",
        "ruvLLM",
        "another",
    ],
)
@pytest.mark.parametrize("usually", [["vllm"], ["localai", "llamacpp"]], ids=["on vLLM's port", "on 8080"])
async def test_servers_are_told_apart_wherever_they_are(
    paths: Paths, type_: str, models: tuple[str, ...], usually: list[str]
) -> None:
    assert await found_at(paths, usually) == [(type_, models)]


async def test_llamacpp_names_itself_while_it_loads() -> None:
    assert await found_at(LLAMACPP_LOADING, ["localai", "llamacpp"], server="llama.cpp") == [("llamacpp", ())]


@pytest.mark.parametrize(
    "paths",
    [WEB_PAGE, HEALTHY_PAGE, {}, {"*": (401, {"error": {"message": "no"}})}],
    ids=["page", "healthy", "404", "401"],
)
async def test_what_is_no_model_server_is_none(paths: Paths) -> None:
    assert await found_at(paths, ["localai", "llamacpp"]) == []


async def test_all_are_found_at_once_in_the_order_of_the_rows() -> None:
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(served(paths)) for paths in (LOCALAI, VLLM, OLLAMA)]
        detection = await detect({}, answer_s=10, places={url: ["vllm"] for url in [*urls, "http://127.0.0.1:1"]})
    assert detection.servers == (
        Detected("ollama", urls[2], ("qwen3:4b",)),
        Detected("vllm", urls[1], ("tiny",)),
        Detected("localai", urls[0], ("phi",)),
    )


@pytest.mark.parametrize(
    ("hanging", "found"),
    [("*", []), ("/readyz", [("localai", ("phi",))])],
    ids=["a server that says nothing is none", "one that does not say who it is, is who usually is there"],
)
async def test_what_does_not_answer_in_time_is_not_waited_for(
    hanging: str, found: list[tuple[str, tuple[str, ...]]]
) -> None:
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if hanging in ("*", request.path):
            await over.wait()
        status, body = LOCALAI.get(request.path, NOT_THERE)
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        detection = await detect({}, answer_s=0.5, places={url: ["localai", "llamacpp"]})
        over.set()
    assert [(server.type, server.models) for server in detection.servers] == found


def test_the_usual_places_are_the_ports_of_the_rows() -> None:
    assert usual_places({}) == {
        "http://localhost:11434": ["ollama"],
        "http://localhost:8000": ["vllm"],
        "http://localhost:1234": ["lmstudio"],
        "http://localhost:8080": ["localai", "llamacpp"],
        "http://localhost:3000": ["ruvllm"],
    }


def test_ollama_is_looked_for_where_its_variable_says() -> None:
    assert usual_places({"OLLAMA_HOST": "0.0.0.0:8080"})["http://localhost:8080"] == ["ollama", "localai", "llamacpp"]


@pytest.mark.parametrize(
    ("mode", "url"), [("any", "http://gpu.lan:11434"), ("offline", "http://localhost:11434")], ids=["any", "offline"]
)
def test_another_machine_that_the_variable_names_is_not_asked_offline(mode: str, url: str) -> None:
    assert usual_places({"OLLAMA_HOST": "gpu.lan", "FLEET_MODE": mode})[url] == ["ollama"]


async def test_another_machine_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def knock(host: str, port: int) -> bool:
        over.wait(20)
        return True

    monkeypatch.setattr(module, "_knock", knock)
    try:
        detection = await detect({}, places={"http://gpu.lan:11434": ["ollama"]})
    finally:
        over.set()
    assert (detection.servers, detection.elapsed_s < 10) == ((), True)


async def test_a_server_that_is_slow_to_answer_is_found_all_the_same() -> None:
    """The machine is busy: the first answer takes longer than an absent server may."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(0.3)
        status, body = VLLM.get(request.path, NOT_THERE)
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        detection = await detect({}, places={url: ["localai"]})
    assert detection.servers == (Detected("vllm", url, ("tiny",)),)


@pytest.mark.parametrize("present", [True, False], ids=["all present", "all absent"])
async def test_it_takes_less_than_a_tenth_of_a_second(present: bool) -> None:
    """Of this process' own time, the servers' included: a machine that is busy with other tests gives it later."""
    async with AsyncExitStack() as stack:
        kinds = (OLLAMA, VLLM, LMSTUDIO, LOCALAI, LLAMACPP, RUVLLM) if present else ()
        urls = [await stack.enter_async_context(served(paths)) for paths in kinds] or ["http://127.0.0.1:1"] * 6
        spent: list[float] = []
        for _ in range(5):
            began = time.process_time()
            detection = await detect({}, answer_s=20, places={url: ["vllm"] for url in urls})
            spent.append(time.process_time() - began)
            assert len(detection.servers) == len(kinds)
    assert min(spent) < 0.1
