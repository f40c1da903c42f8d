"""One call: what is written, corrected, read, and refused."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Delta
from workfleet.workers.providers.endpoint import AttemptFailed
from workfleet.workers.providers.sender import Sender

from .sent import (
    CHAT,
    COMPLETION,
    LIMITS,
    OLLAMA_ANSWER,
    Server,
    answer,
    endpoint,
    failure,
    refuses,
    says,
    sending,
    streams,
)


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
    assert found.first_token_s is not None
    assert found.total_s is not None
    assert 0 < found.first_token_s <= found.total_s


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
