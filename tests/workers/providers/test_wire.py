"""The sender against real sockets: time limits, cancellation, connections that break, connections used again."""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer
from workfleet.tasks.request import Request
from workfleet.workers.providers.asking import OnDelta
from workfleet.workers.providers.dialect import Delta
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.sender import Sender

CHAT = Request.from_prompt("Name a colour.")
STREAM = Request.from_prompt("Name a colour.", stream=True)
PATIENT = Timeouts(connect_s=20, first_token_s=20, idle_s=20, total_s=20)

EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "Blue"}, "finish_reason": "stop"}]}\n\n'
COMMENT = b": OPENROUTER PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"
WHOLE = json.dumps({"choices": [{"index": 0, "message": {"content": "Blue"}, "finish_reason": "stop"}]}).encode()


def chunked(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def head(*headers: str, kind: str = "application/json") -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Type: {kind}", *headers, "", ""]).encode()


STREAM_HEAD = head("Transfer-Encoding: chunked", kind="text/event-stream")
END = chunked(DONE) + b"0\r\n\r\n"


class Talk:
    """One request on a connection, and what the server does with it."""

    def __init__(self, writer: asyncio.StreamWriter, closed: asyncio.Event) -> None:
        self._writer = writer
        self.closed = closed  #: the client has closed the connection

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def say_again(self, data: bytes, *, every_s: float = 0.01) -> None:
        """Say it until the client goes away."""
        while not self.closed.is_set():
            await self.say(data)
            await asyncio.sleep(every_s)

    def hang_up(self) -> None:
        self._writer.transport.abort()


@dataclass
class Peer:
    url: str = ""
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)


Handler = Callable[[Talk], Awaitable[None]]


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncGenerator[int]:
    """The port of a TCP server, all of whose connections are closed at the end."""
    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.create_task(talk(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])
    for task in talks:
        task.cancel()
    await asyncio.gather(*talks, return_exceptions=True)


@asynccontextmanager
async def peer(handler: Handler) -> AsyncGenerator[Peer]:
    """An HTTP server that reads requests as it should and answers them as `handler` says."""
    found = Peer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        closed = asyncio.Event()
        try:
            while await _request(reader):
                watcher = asyncio.create_task(_until_closed(reader, closed, found))
                try:
                    await handler(Talk(writer, closed))
                finally:
                    watcher.cancel()
                    with suppress(asyncio.CancelledError):
                        await watcher
        except (ConnectionError, asyncio.IncompleteReadError):
            found.closed.set()

    async with listening(serve) as port:
        found.url = f"http://127.0.0.1:{port}"
        yield found


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        headers = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = next(
        (int(line.split(b":")[1]) for line in headers.splitlines() if line.lower().startswith(b"content-length")), 0
    )
    return headers + await reader.readexactly(length)


async def _until_closed(reader: asyncio.StreamReader, closed: asyncio.Event, found: Peer) -> None:
    """Nothing comes while a request is answered but the end."""
    with suppress(ConnectionError):
        await reader.read(1)
    closed.set()
    found.closed.set()


async def ask(url: str, request: Request = CHAT, limits: Timeouts = PATIENT, on_delta: OnDelta | None = None) -> Answer:
    async with Sender() as sender:
        return await sender.ask(Endpoint("p", "vllm", url), "m", request, limits, on_delta)


async def failure(url: str, request: Request = CHAT, limits: Timeouts = PATIENT) -> Failure:
    with pytest.raises(AttemptFailed) as failed:
        await ask(url, request, limits)
    return failed.value.failure


async def silent(talk: Talk) -> None:
    await talk.closed.wait()


async def whole(talk: Talk) -> None:
    await talk.say(head(f"Content-Length: {len(WHOLE)}") + WHOLE)


async def streamed(talk: Talk) -> None:
    await talk.say(STREAM_HEAD + chunked(EVENT) + END)


def limits(**short: float) -> Timeouts:
    return Timeouts(**{"connect_s": 20, "first_token_s": 20, "idle_s": 20, "total_s": 20, **short})


async def head_only(talk: Talk) -> None:
    await talk.say(head("Content-Length: 999"))
    await talk.closed.wait()


async def half_a_body(talk: Talk) -> None:
    await talk.say(head("Content-Length: 999") + WHOLE)
    await talk.closed.wait()


async def stream_head_only(talk: Talk) -> None:
    await talk.say(STREAM_HEAD)
    await talk.closed.wait()


async def comments_only(talk: Talk) -> None:
    await talk.say(STREAM_HEAD)
    await talk.say_again(chunked(COMMENT))


async def one_token(talk: Talk) -> None:
    await talk.say(STREAM_HEAD + chunked(EVENT))
    await talk.closed.wait()


async def a_token_then_comments(talk: Talk) -> None:
    await talk.say(STREAM_HEAD + chunked(EVENT))
    await talk.say_again(chunked(COMMENT))


async def tokens_for_ever(talk: Talk) -> None:
    await talk.say(STREAM_HEAD)
    await talk.say_again(chunked(EVENT))


@pytest.mark.parametrize(
    ("handler", "request_", "short", "fault"),
    [
        (silent, CHAT, limits(first_token_s=0.1), Fault.TIMEOUT_FIRST_TOKEN),
        (silent, STREAM, limits(first_token_s=0.1), Fault.TIMEOUT_FIRST_TOKEN),
        (silent, CHAT, limits(total_s=0.1), Fault.TIMEOUT_TOTAL),
        (head_only, CHAT, limits(idle_s=0.1), Fault.TIMEOUT_IDLE),
        (half_a_body, CHAT, limits(idle_s=0.1), Fault.TIMEOUT_IDLE),
        (stream_head_only, STREAM, limits(first_token_s=0.2), Fault.TIMEOUT_FIRST_TOKEN),
        (comments_only, STREAM, limits(first_token_s=0.2), Fault.TIMEOUT_FIRST_TOKEN),
        (one_token, STREAM, limits(idle_s=0.1), Fault.TIMEOUT_IDLE),
        (a_token_then_comments, STREAM, limits(idle_s=0.2), Fault.TIMEOUT_IDLE),
        (tokens_for_ever, STREAM, limits(total_s=0.2), Fault.TIMEOUT_TOTAL),
    ],
    ids=[
        "no answer",
        "no answer to a stream",
        "the total counts from the start",
        "nothing after the head",
        "nothing after half of the body",
        "a stream without a token",
        "comments are no token",
        "a stream that stalls",
        "comments do not keep a stream alive",
        "a stream without an end",
    ],
)
async def test_each_limit_cuts_what_it_limits(
    handler: Handler, request_: Request, short: Timeouts, fault: Fault
) -> None:
    async with peer(handler) as server:
        assert (await failure(server.url, request_, short)).fault is fault
        await asyncio.wait_for(server.closed.wait(), 5)


async def test_a_limit_says_how_long_it_was() -> None:
    async with peer(silent) as server:
        found = await failure(server.url, limits=limits(first_token_s=0.05))
    assert found == Failure(Fault.TIMEOUT_FIRST_TOKEN, "no first token within 0.05 s")


async def test_a_connection_that_does_not_come_to_stand_is_cut() -> None:
    async def never_greets(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(never_greets) as port:
        found = await failure(f"https://127.0.0.1:{port}", limits=limits(connect_s=0.1))
    assert found == Failure(Fault.TIMEOUT_CONNECT, "no connection within 0.1 s")


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
        await asyncio.wait_for(server.closed.wait(), 5)


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
        await asyncio.wait_for(server.closed.wait(), 5)


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
