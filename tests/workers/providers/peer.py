"""An HTTP server that does with each request what a test says, byte by byte, and calls to it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from workfleet.routing.failure import Failure
from workfleet.tasks.answer import Answer
from workfleet.tasks.request import Request
from workfleet.workers.providers.asking import OnDelta
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
            pass
        # Also if the client gave up before it had sent its request, as it does on a starved machine.
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
