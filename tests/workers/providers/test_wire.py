"""Calls over real connections: what breaks off, is cancelled, is compressed, is used again."""

import asyncio
import gzip
import socket

import pytest

from workfleet.routing.failure import Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Delta
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint
from workfleet.workers.providers.sender import Sender

from .peer import (
    CHAT,
    DONE,
    EVENT,
    PATIENT,
    STREAM,
    STREAM_HEAD,
    WHOLE,
    Handler,
    Talk,
    ask,
    chunked,
    failure,
    half_a_body,
    head,
    limits,
    listening,
    one_token,
    peer,
    silent,
    streamed,
    tokens_for_ever,
    whole,
)


async def test_a_refused_connection_is_a_transport_failure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        found = await failure(url)
    assert found.fault is Fault.TRANSPORT
    assert "Cannot connect to host 127.0.0.1" in found.message


async def test_a_server_that_does_not_speak_tls_is_a_transport_failure() -> None:
    async def greets_in_plain_text(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp ready\r\n")

    async with listening(greets_in_plain_text) as port:
        found = await failure(f"https://127.0.0.1:{port}")
    assert found.fault is Fault.TRANSPORT


async def hangs_up(talk: Talk) -> None:
    talk.hang_up()


async def hangs_up_in_the_body(talk: Talk) -> None:
    await talk.say(head("Content-Length: 999") + WHOLE)
    talk.hang_up()


async def hangs_up_in_the_stream(talk: Talk) -> None:
    await talk.say(STREAM_HEAD + chunked(EVENT + EVENT[:40]))
    talk.hang_up()


async def ends_the_stream_early(talk: Talk) -> None:
    await talk.say(STREAM_HEAD + chunked(EVENT) + b"0\r\n\r\n")


async def speaks_another_protocol(talk: Talk) -> None:
    await talk.say(b"220 smtp ready\r\n")
    talk.hang_up()


@pytest.mark.parametrize(
    ("handler", "request_"),
    [
        (hangs_up, CHAT),
        (hangs_up_in_the_body, CHAT),
        (hangs_up_in_the_stream, STREAM),
        (ends_the_stream_early, STREAM),
        (speaks_another_protocol, CHAT),
    ],
    ids=["before the answer", "in the body", "in the stream", "without the marker", "no HTTP"],
)
async def test_an_answer_that_breaks_off_is_a_transport_failure(handler: Handler, request_: Request) -> None:
    async with peer(handler) as server:
        assert (await failure(server.url, request_)).fault is Fault.TRANSPORT


@pytest.mark.parametrize(
    ("handler", "request_"),
    [(silent, CHAT), (half_a_body, CHAT), (one_token, STREAM), (tokens_for_ever, STREAM)],
    ids=["before the answer", "in the body", "while the stream stalls", "while the stream runs"],
)
async def test_cancelling_closes_the_connection_at_once(handler: Handler, request_: Request) -> None:
    asked = asyncio.Event()

    async def noting(talk: Talk) -> None:
        asked.set()
        await handler(talk)

    async with peer(noting) as server:
        task = asyncio.create_task(ask(server.url, request_))
        await asyncio.wait_for(asked.wait(), 5)
        task.cancel()
        await asyncio.wait_for(server.closed.wait(), 1)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_an_error_of_the_consumer_closes_the_connection() -> None:
    async def fails(_delta: Delta) -> None:
        raise LookupError("the consumer's own")

    async with peer(tokens_for_ever) as server:
        with pytest.raises(LookupError, match="the consumer's own"):
            await ask(server.url, on_delta=fails)
        await asyncio.wait_for(server.closed.wait(), 20)


async def test_what_is_handed_on_before_the_first_token_does_not_end_its_limit() -> None:
    async def counts_first(talk: Talk) -> None:
        usage = b'data: {"choices": [], "usage": {"prompt_tokens": 1}}\n\n'
        await talk.say(STREAM_HEAD + chunked(usage))
        await talk.closed.wait()

    async def take(_delta: Delta) -> None:
        pass

    async with peer(counts_first) as server:
        with pytest.raises(AttemptFailed) as failed:
            await ask(server.url, limits=limits(first_token_s=0.2), on_delta=take)
    assert failed.value.failure.fault is Fault.TIMEOUT_FIRST_TOKEN


async def test_the_consumers_time_is_not_the_providers() -> None:
    async def slow(_delta: Delta) -> None:
        await asyncio.sleep(0.3)

    async with peer(streamed) as server:
        found = await ask(server.url, limits=limits(idle_s=0.1, first_token_s=0.1), on_delta=slow)
    assert found.text == "Blue"


@pytest.mark.parametrize(
    ("handler", "request_"), [(whole, CHAT), (streamed, STREAM)], ids=["a whole answer", "a stream"]
)
async def test_a_connection_that_has_rested_is_used_again(handler: Handler, request_: Request) -> None:
    asked = 0
    async with peer(handler) as server, Sender() as sender, asyncio.timeout(10):
        while server.connections == asked:
            answer = await sender.ask(Endpoint("p", "vllm", server.url), "m", request_, PATIENT)
            assert answer.text == "Blue"
            asked += 1


async def test_a_stream_that_stays_open_after_its_marker_is_an_answer_all_the_same() -> None:
    async def lingers(talk: Talk) -> None:
        await talk.say(STREAM_HEAD + chunked(EVENT) + chunked(DONE))
        await talk.closed.wait()

    async with peer(lingers) as server:
        assert (await ask(server.url, STREAM)).text == "Blue"
        await asyncio.wait_for(server.closed.wait(), 20)


async def test_many_calls_run_at_once() -> None:
    together = asyncio.Barrier(150)

    async def waits_for_all(talk: Talk) -> None:
        await together.wait()
        await whole(talk)

    async with peer(waits_for_all) as server, Sender() as sender:
        place = Endpoint("p", "vllm", server.url)
        answers = await asyncio.gather(*(sender.ask(place, "m", CHAT, PATIENT) for _ in range(150)))
    assert {answer.text for answer in answers} == {"Blue"}


async def test_a_compressed_answer_is_read() -> None:
    async def packed(talk: Talk) -> None:
        body = gzip.compress(WHOLE)
        await talk.say(head("Content-Encoding: gzip", f"Content-Length: {len(body)}") + body)

    async with peer(packed) as server:
        assert (await ask(server.url)).text == "Blue"


async def test_a_body_that_is_not_compressed_as_it_says_is_the_servers_failure() -> None:
    async def not_packed(talk: Talk) -> None:
        await talk.say(head("Content-Encoding: gzip", f"Content-Length: {len(WHOLE)}") + WHOLE)

    async with peer(not_packed) as server:
        assert (await failure(server.url)).fault is Fault.SERVER
