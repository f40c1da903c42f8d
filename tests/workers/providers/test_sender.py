"""The sender against recorded and made-up replies; time limits and cancellation are in `test_wire.py`."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer
from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Delta, ListedModel
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.ollama.pull import PullProgress
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


async def test_an_answer_is_asked_for_and_read() -> None:
    server = Server(says(COMPLETION))
    found = await answer(server, endpoint(key="k-123", X_Team="qe"), job_id="job-7")
    sent = server.requests[0].headers
    assert (found.text, found.provider, found.first_token_s) == ("Blue.", "p", None)
    assert found.total_s is not None
    assert (str(server.requests[0].url), server.body()["max_tokens"]) == ("http://server:8000/v1/chat/completions", 9)
    assert (sent["authorization"], sent["x-team"], sent["x-request-id"]) == ("Bearer k-123", "qe", "job-7")


async def test_a_header_of_the_endpoint_wins() -> None:
    server = Server(says(COMPLETION))
    await answer(server, endpoint(key="k-123", Authorization="Basic x"))
    assert server.requests[0].headers["authorization"] == "Basic x"


async def test_a_stream_is_handed_on_as_it_comes() -> None:
    said: list[Delta] = []

    async def take(delta: Delta) -> None:
        said.append(delta)

    chunk: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "Blue."}, "finish_reason": "stop"}]}
    role: dict[str, Any] = {"choices": [{"index": 0, "delta": {"role": "assistant"}}]}
    server = Server(streams(role, chunk, {"choices": [], "usage": COMPLETION["usage"]}, "[DONE]"))
    found = await answer(server, on_delta=take)
    assert (server.body()["stream"], found.text, [delta.text for delta in said]) == (True, "Blue.", ["Blue.", ""])
    assert said[-1].usage == found.usage
    assert found.first_token_s is not None
    assert found.total_s is not None
    assert found.first_token_s <= found.total_s


async def test_a_server_that_does_not_stream_is_read_all_the_same() -> None:
    said: list[Delta] = []

    async def take(delta: Delta) -> None:
        said.append(delta)

    found = await answer(Server(says(COMPLETION)), on_delta=take)
    assert (found.text, [delta.text for delta in said]) == ("Blue.", ["Blue."])


async def test_an_embedding_never_streams() -> None:
    server = Server(says({"data": [{"index": 0, "embedding": [1.0]}]}))
    request = Request(kind="embedding", input=("a",), stream=True)
    assert (await answer(server, request=request)).embeddings == ((1.0,),)
    assert "stream" not in server.body()


async def test_a_parameter_that_is_refused_is_corrected_once_and_remembered() -> None:
    server = Server(refuses("max_tokens"), refuses("temperature"), says(COMPLETION))
    async with sending(server) as sender:
        for _ in range(2):
            await sender.ask(endpoint(), "m", CHAT, LIMITS)
        await sender.ask(endpoint(), "other", CHAT, LIMITS)
    sampling = [{k: v for k, v in server.body(at).items() if k.startswith(("max_", "temp"))} for at in range(5)]
    assert sampling == [
        {"max_tokens": 9, "temperature": 0.2},
        {"max_completion_tokens": 9, "temperature": 0.2},
        {"max_completion_tokens": 9},
        {"max_completion_tokens": 9},
        {"max_tokens": 9, "temperature": 0.2},
    ]


async def test_calls_that_are_refused_together_are_all_corrected() -> None:
    together = asyncio.Barrier(8)

    async def serve(request: httpx2.Request) -> httpx2.Response:
        if "max_tokens" not in json.loads(request.content):
            return says(COMPLETION)(request)
        await together.wait()
        return refuses("max_tokens")(request)

    async with Sender(transport=httpx2.MockTransport(serve)) as sender:
        answers = await asyncio.gather(*(sender.ask(endpoint(), "m", CHAT, LIMITS) for _ in range(8)))
    assert [found.text for found in answers] == ["Blue."] * 8


async def test_a_correction_that_does_not_help_is_not_repeated() -> None:
    server = Server(refuses("max_tokens", "no"))
    assert await failure(server) == Failure(
        Fault.BAD_REQUEST, "no", status=400, code="unsupported_parameter", parameter="max_tokens"
    )
    assert len(server.requests) == 2


async def test_a_parameter_that_makes_the_request_is_not_dropped() -> None:
    server = Server(refuses("tools"))
    request = Request.from_prompt("x", tools=({"type": "function"},))
    assert (await failure(server, request=request)).parameter == "tools"
    assert len(server.requests) == 1


async def test_ollama_is_asked_again_without_thinking() -> None:
    refusal = says({"error": '"m" does not support thinking'}, 400)
    server = Server(refusal, says(OLLAMA_ANSWER))
    request = Request.from_prompt("x", reasoning_effort="low")
    assert (await answer(server, endpoint("ollama"), request)).text == "Blue."
    assert [server.body(at).get("think") for at in range(2)] == ["low", None]


async def test_ollamas_window_grows_and_never_shrinks() -> None:
    server = Server(says({**OLLAMA_ANSWER, "prompt_eval_count": 9000}))
    async with sending(server) as sender:
        for words in (10, 5000, 10):
            request = Request.from_prompt("word " * words, max_tokens=10)
            await sender.ask(endpoint("ollama"), "m", request, LIMITS, context_tokens=32768)
        await sender.ask(endpoint("ollama"), "other", CHAT, LIMITS)
    assert [server.body(at)["options"]["num_ctx"] for at in range(4)] == [4096, 8192, 8192, 4096]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            says(b"<html><title>Bad Gateway</title>", 502),
            Failure(Fault.SERVER, "an HTML page: Bad Gateway", status=502),
        ),
        (says(b"", 503), Failure(Fault.OVERLOADED, "an empty body", status=503)),
        (says(b"", 200), Failure(Fault.SERVER, "the answer is no JSON object", status=200)),
        (
            says(b"", 308, location="https://x/v1"),
            Failure(Fault.SERVER, "redirects to https://x/v1; make that the base URL", status=308),
        ),
        (
            says({"detail": "Not Found"}, 404),
            Failure(Fault.MODEL_NOT_FOUND, "Not Found: the server has no such path; check the base URL", status=404),
        ),
    ],
    ids=["HTML", "nothing", "nothing with status 200", "a redirect is not followed", "a path that is not there"],
)
async def test_a_reply_that_is_no_answer_is_a_failure(reply: Any, expected: Failure) -> None:
    server = Server(reply)
    assert await failure(server) == expected
    assert len(server.requests) == 1


async def test_the_wait_is_measured_when_the_reply_comes() -> None:
    server = Server(
        says(
            {"error": {"message": "m"}},
            429,
            retry_after="Thu, 01 Jan 2026 00:00:20 GMT",
            date="Thu, 01 Jan 2026 00:00:00 GMT",
        )
    )
    assert await failure(server) == Failure(Fault.RATE_LIMITED, "m", wait_s=20.0, status=429)


async def test_a_key_that_is_echoed_does_not_leave() -> None:
    server = Server(
        says({"error": {"message": "Incorrect API key provided: k-secret", "code": "invalid_api_key"}}, 401)
    )
    found = await failure(server, endpoint(key="k-secret"))
    assert (found.fault, found.message) == (Fault.AUTH, "Incorrect API key provided: [redacted]")


async def test_a_key_that_no_header_can_carry_is_refused_and_not_shown() -> None:
    server = Server(says(COMPLETION))
    found = await failure(server, endpoint(key="schlüssel-1"))
    assert found == Failure(Fault.AUTH, "the API key of p holds characters that no header can carry")
    assert server.requests == []


async def test_a_key_may_have_a_line_end() -> None:
    server = Server(says(COMPLETION))
    await answer(server, endpoint(key=" k-123\n"))
    assert server.requests[0].headers["authorization"] == "Bearer k-123"


async def test_a_request_that_is_no_json_is_refused() -> None:
    found = await failure(Server(says(COMPLETION)), request=Request.from_prompt("x", extra={"n": float("nan")}))
    assert found.fault is Fault.BAD_REQUEST
    assert found.message.startswith("the request cannot be written as JSON: ")


async def test_a_request_that_the_dialect_cannot_say_is_not_sent() -> None:
    server = Server(says(OLLAMA_ANSWER))
    image = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    request = Request.model_validate({"messages": [{"role": "user", "content": [image]}]})
    assert (await failure(server, endpoint("ollama"), request)).fault is Fault.BAD_REQUEST
    assert server.requests == []


async def test_a_lone_surrogate_in_a_prompt_is_sent() -> None:
    server = Server(says(COMPLETION))
    await answer(server, request=Request.from_prompt("a\ud800b"))
    assert b"a\\ud800b" in server.requests[0].content


async def test_an_answer_has_a_largest_size() -> None:
    server = Server(says(b"x" * 3_000_000))
    async with sending(server, max_body_bytes=2**20) as sender:
        with pytest.raises(AttemptFailed) as failed:
            await sender.ask(endpoint(), "m", CHAT, LIMITS)
    assert failed.value.failure == Failure(Fault.SERVER, "the answer is larger than 1 MiB", status=200)


async def test_cookies_are_not_kept() -> None:
    server = Server(says(COMPLETION, set_cookie="a=1"))
    async with sending(server) as sender:
        for _ in range(2):
            await sender.ask(endpoint(), "m", CHAT, LIMITS)
    assert "cookie" not in server.requests[1].headers


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
