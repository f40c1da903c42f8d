"""Listing, health, and what a local server loads, unloads and pulls."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from workfleet.routing.failure import Fault
from workfleet.workers.providers.dialect import ListedModel
from workfleet.workers.providers.endpoint import AttemptFailed
from workfleet.workers.providers.pull_progress import PullProgress

from .sent import COMPLETION, OLLAMA_ANSWER, Server, endpoint, says, sending


async def test_models_are_listed() -> None:
    async with sending(Server(says({"data": [{"id": "tiny", "max_model_len": 4096}]}))) as sender:
        assert await sender.models(endpoint()) == (ListedModel("tiny", 4096, local=True),)


async def test_lm_studio_before_its_own_listing_is_asked_for_openais() -> None:
    server = Server(says({"error": "x"}, 404), says({"data": [{"id": "q"}]}))
    async with sending(server) as sender:
        assert await sender.models(endpoint("lmstudio")) == (ListedModel("q", local=True),)
    assert server.asked() == [("GET", "/api/v0/models"), ("GET", "/v1/models")]


async def test_each_of_ollamas_models_is_asked_about() -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/api/tags":
            return httpx2.Response(200, json={"models": [{"name": "a"}, {"name": "b"}]})
        name = json.loads(request.content)["model"]
        return (
            httpx2.Response(200, json={"model_info": {"x.context_length": 8192}})
            if name == "a"
            else httpx2.Response(500)
        )

    async with sending(Server(serve)) as sender:
        assert await sender.models(endpoint("ollama")) == (
            ListedModel("a", 8192, local=True),
            ListedModel("b", local=True),
        )


async def test_llamacpp_tells_the_context_it_serves() -> None:
    listing = says({"data": [{"id": "g g", "meta": {"n_ctx_train": 32768}}]})
    server = Server(listing, says({"default_generation_settings": {"n_ctx": 8192}}))
    async with sending(server) as sender:
        assert await sender.models(endpoint("llamacpp")) == (ListedModel("g g", 8192, local=True),)
    assert server.asked() == [("GET", "/v1/models"), ("GET", "/props?model=g%20g")]


@pytest.mark.parametrize(
    ("reply", "fault"),
    [(says({"error": "Unauthorized"}, 401), Fault.AUTH), (says(b"hello"), Fault.SERVER)],
    ids=["no key", "not a listing"],
)
async def test_a_listing_that_fails_says_why(reply: Any, fault: Fault) -> None:
    async with sending(Server(reply)) as sender:
        with pytest.raises(AttemptFailed) as failed:
            await sender.models(endpoint())
    assert failed.value.failure.fault is fault


@pytest.mark.parametrize(
    ("row", "replies", "asked", "version"),
    [
        ("vllm", [says(b""), says({"version": "0.32.0"})], ["/health", "/version"], "0.32.0"),
        ("ollama", [says({"version": "0.12.6"})], ["/api/version"], "0.12.6"),
        ("groq", [says({"data": []})], ["/v1/models"], None),
        ("vllm", [says(b""), says(b"", 404)], ["/health", "/version"], None),
    ],
    ids=["vLLM", "Ollama", "a provider without a health path", "no version is no illness"],
)
async def test_a_healthy_server_answers(row: str, replies: list[Any], asked: list[str], version: str | None) -> None:
    server = Server(*replies)
    async with sending(server) as sender:
        health = await sender.health(endpoint(row))
    assert (health.healthy, health.detail, health.version) == (True, "answers", version)
    assert [path for _, path in server.asked()] == asked


async def test_an_ill_server_says_what_it_has() -> None:
    async with sending(Server(says({"error": {"message": "Loading model", "code": 503}}, 503))) as sender:
        health = await sender.health(endpoint("llamacpp"))
    assert (health.healthy, health.detail) == (False, "overloaded (HTTP 503): Loading model")


async def test_a_ping_asks_the_model_for_one_token() -> None:
    server = Server(says(b""), says({"version": "1"}), says(COMPLETION))
    async with sending(server) as sender:
        health = await sender.health(endpoint(), ping_model="m")
    assert (health.healthy, health.detail, health.version) == (True, "m answers", "1")
    assert server.body(2)["max_tokens"] == 1


async def test_a_model_that_does_not_answer_makes_the_server_ill() -> None:
    server = Server(says(b""), says(b""), says({"error": {"message": "no m", "code": 404}}, 404))
    async with sending(server) as sender:
        health = await sender.health(endpoint(), ping_model="m")
    assert (health.healthy, health.detail) == (False, "m does not answer: model_not_found (HTTP 404): no m")


async def test_a_ping_does_not_have_ollama_load_the_model_anew() -> None:
    loaded = says({"models": [{"name": "m:latest", "context_length": 16384}]})
    server = Server(says({"version": "0.12"}), loaded, says(OLLAMA_ANSWER))
    async with sending(server) as sender:
        assert (await sender.health(endpoint("ollama"), ping_model="m")).healthy
    assert server.body(2)["options"] == {"num_ctx": 16384, "num_predict": 1}


async def test_a_model_is_loaded_and_unloaded() -> None:
    server = Server(says({"done": True, "done_reason": "load"}))
    async with sending(server) as sender:
        await sender.preload(endpoint("ollama"), "m", context_tokens=8192)
        await sender.unload(endpoint("ollama"), "m")
    assert [server.body(at) for at in range(2)] == [
        {"model": "m", "stream": False, "options": {"num_ctx": 8192}},
        {"model": "m", "stream": False, "keep_alive": 0},
    ]


async def test_a_model_that_only_embeds_is_loaded_by_embedding() -> None:
    server = Server(says({"error": '"m" does not support generate'}, 400), says({"embeddings": []}))
    async with sending(server) as sender:
        await sender.preload(endpoint("ollama"), "m")
    assert [path for _, path in server.asked()] == ["/api/generate", "/api/embed"]


async def test_a_model_that_cannot_be_loaded_says_why() -> None:
    async with sending(Server(says({"error": "model 'm' not found"}, 404))) as sender:
        with pytest.raises(AttemptFailed, match="model 'm' not found"):
            await sender.preload(endpoint("ollama"), "m")


def pulled(*lines: Any) -> Callable[[httpx2.Request], httpx2.Response]:
    return says(b"".join(json.dumps(line).encode() + b"\n" for line in lines))


async def test_a_pull_tells_its_progress() -> None:
    layer = {"status": "pulling a", "digest": "a", "total": 10, "completed": 4}
    async with sending(Server(pulled({"status": "pulling manifest"}, layer, {"status": "success"}))) as sender:
        steps = [step async for step in sender.pull(endpoint("ollama"), "m")]
    assert steps == [PullProgress("pulling manifest"), PullProgress("pulling a", 4, 10), PullProgress("success", 4, 10)]


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (says({"error": "pull model manifest: 500"}, 500), Fault.SERVER),
        (pulled({"status": "pulling manifest"}, {"error": "file does not exist"}), Fault.SERVER),
        (pulled({"status": "pulling manifest"}), Fault.TRANSPORT),
    ],
    ids=["refused", "an error line", "interrupted"],
)
async def test_a_pull_that_fails_says_why(reply: Any, fault: Fault) -> None:
    async with sending(Server(reply)) as sender:
        with pytest.raises(AttemptFailed) as failed:
            async for _ in sender.pull(endpoint("ollama"), "m"):
                pass
    assert failed.value.failure.fault is fault
