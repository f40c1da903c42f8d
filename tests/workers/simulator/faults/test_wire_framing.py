"""What framing and connection faults look like on the wire, to a client that sees every byte."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from workfleet.workers.simulator import Settings, Simulator

#: Long enough that a server which says something has said it, in seconds.
PATIENCE_S = 0.5

SETTINGS = Settings(answer_tokens=40)

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Say something."}], "stream": True}


@dataclass(frozen=True)
class Seen:
    """ending: `complete`, `cut` (closed early), `reset`, `refused`, or `silent` (still open, and nothing comes)."""

    ending: str
    head: str = ""
    body: bytes = b""
    chunks: tuple[bytes, ...] = ()

    @property
    def status(self) -> int:
        return int(self.head.split()[1]) if self.head else 0


_ENDINGS = {"closed": "cut", "open": "silent", "reset": "reset"}


async def seen(url: str, path: str = "/v1/chat/completions", body: object = BODY) -> Seen:
    address = urlsplit(url)
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
    except ConnectionRefusedError:
        return Seen("refused")
    except ConnectionResetError:  # it was queued when the port was shut
        return Seen("reset")
    except TimeoutError:
        return Seen("silent")
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: sim\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)
    got = bytearray()
    try:
        ending = await _read(reader, got)
    finally:
        writer.transport.abort()
    return _parsed(bytes(got), ending)


async def _read(reader: asyncio.StreamReader, got: bytearray) -> str:
    try:
        while True:
            async with asyncio.timeout(PATIENCE_S):
                data = await reader.read(65_536)
            if not data:
                return "closed"
            got += data
            if _parsed(bytes(got), "open").ending == "complete":
                return "open"
    except TimeoutError:
        return "open"
    except ConnectionResetError:
        return "reset"


def _parsed(got: bytes, ending: str) -> Seen:
    head, end, rest = got.partition(b"\r\n\r\n")
    if not end:
        return Seen(_ENDINGS[ending])
    text = head.decode()
    length = next(
        (int(line.split(":")[1]) for line in text.splitlines() if line.lower().startswith("content-len")), None
    )
    complete, chunks = _chunks(rest) if length is None else (len(rest) >= length, (rest,))
    return Seen("complete" if complete else _ENDINGS[ending], text, b"".join(chunks), tuple(chunks))


def _chunks(rest: bytes) -> tuple[bool, tuple[bytes, ...]]:
    chunks: list[bytes] = []
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        if int(size, 16) == 0:
            return True, tuple(chunks)
        chunks.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return False, tuple(chunks)


def usual(line: bytes) -> bool:
    """A whole SSE line of JSON, or a line that is none."""
    return not line.startswith(b"data: {") or line.endswith(b"}")


OPENAI, OLLAMA = "/v1/chat/completions", "/api/chat"
WHOLE = BODY | {"stream": False}

SHAPES: list[tuple[str, str, dict[str, Any], Callable[[Seen], bool]]] = [
    ("reset", OPENAI, BODY, lambda s: s.ending == "reset" and not s.head),
    ("reset", OLLAMA, BODY, lambda s: s.ending == "reset" and not s.head),
    ("hang", OPENAI, BODY, lambda s: s.ending == "silent" and not s.head),
    ("stall-headers", OPENAI, BODY, lambda s: s.ending == "silent" and s.status == 200 and not s.body),
    ("stall-headers", OLLAMA, WHOLE, lambda s: s.ending == "silent" and s.status == 200 and not s.body),
    ("stall-midway", OPENAI, BODY, lambda s: s.ending == "silent" and s.body.count(b"data: ") > 5),
    ("stall-midway", OLLAMA, BODY, lambda s: s.ending == "silent" and s.body.count(b"\n") > 5),
    (
        "comments-only",
        OPENAI,
        BODY,
        lambda s: s.ending == "silent" and set(s.body.splitlines()) == {b": OPENROUTER PROCESSING", b""},
    ),
    ("cut-mid-line", OPENAI, BODY, lambda s: s.ending == "cut" and not usual(s.body.splitlines()[-1])),
    (
        "cut-mid-line",
        OPENAI,
        WHOLE,
        lambda s: s.ending == "cut" and s.body.startswith(b"{") and not s.body.endswith(b"}"),
    ),
    ("cut-mid-line", OLLAMA, BODY, lambda s: s.ending == "cut" and not s.body.endswith(b"}\n")),
    ("cut-mid-character", OPENAI, BODY, lambda s: s.ending == "cut" and s.body.endswith("€".encode()[:2])),
    ("cut-mid-character", OLLAMA, WHOLE, lambda s: s.ending == "cut" and s.body.endswith("€".encode()[:2])),
    (
        "cut-mid-event",
        OPENAI,
        BODY,
        lambda s: s.ending == "cut" and s.body.endswith(b"}\n") and not s.body.endswith(b"\n\n"),
    ),
    ("cut-mid-event", OLLAMA, BODY, lambda s: s.ending == "cut" and s.body.endswith(b"}")),
    ("no-terminator", OPENAI, BODY, lambda s: s.ending == "complete" and b"[DONE]" not in s.body),
    ("no-terminator", OLLAMA, BODY, lambda s: s.ending == "complete" and b'"done":true' not in s.body),
    ("blank-lines-first", OPENAI, WHOLE, lambda s: s.body.startswith(b"\n") and "choices" in json.loads(s.body)),
    ("crlf", OPENAI, BODY, lambda s: b"}\r\n\r\n" in s.body and b"\n\n" not in s.body),
    ("crlf", OLLAMA, BODY, lambda s: s.body.endswith(b"}\r\n")),
    ("several-data-lines", OPENAI, BODY, lambda s: s.body.startswith(b'data: {\ndata: "id"')),
    ("bom", OPENAI, BODY, lambda s: s.body.startswith(b"\xef\xbb\xbfdata: ")),
    ("no-space", OPENAI, BODY, lambda s: s.body.startswith(b"data:{") and b"data:[DONE]" in s.body),
    ("comments", OPENAI, BODY, lambda s: s.body.startswith(b": keep-alive\n\n:x\ndata: {")),
    ("event-only", OPENAI, BODY, lambda s: s.body.startswith(b"event: ping\n\ndata: {")),
    ("pieces", OPENAI, BODY, lambda s: s.ending == "complete" and max(map(len, s.chunks)) <= 7 and b"[DONE]" in s.body),
    ("pieces", OLLAMA, BODY, lambda s: s.ending == "complete" and max(map(len, s.chunks)) <= 7),
]


@pytest.mark.parametrize(
    ("fault", "path", "body", "looks_right"),
    [
        pytest.param(*shape, id=f"{shape[0]} {shape[1]} {'stream' if shape[2]['stream'] else 'whole'}")
        for shape in SHAPES
    ],
)
async def test_a_fault_has_its_form_on_the_wire(
    fault: str, path: str, body: dict[str, Any], looks_right: Callable[[Seen], bool]
) -> None:
    async with Simulator(SETTINGS, faults=[fault]) as sim:
        reply = await seen(sim.base_url, path, body)
        assert looks_right(reply), reply


@pytest.mark.parametrize("path", [OPENAI, OLLAMA])
@pytest.mark.parametrize("body", [BODY, WHOLE], ids=["stream", "whole"])
async def test_without_a_fault_the_answer_is_complete(path: str, body: dict[str, Any]) -> None:
    async with Simulator(SETTINGS) as sim:
        reply = await seen(sim.base_url, path, body)
    assert (reply.ending, reply.status) == ("complete", 200)


@pytest.mark.parametrize("fault", ["crlf", "several-data-lines", "no-space", "comments", "event-only", "pieces", "bom"])
async def test_a_legal_form_carries_the_same_answer(fault: str) -> None:
    def said(reply: Seen) -> str:
        lines = (
            reply.body.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"{\ndata: ", b"{").splitlines()
        )
        events = [json.loads(line[5:]) for line in lines if line.startswith(b"data:") and b"[DONE]" not in line]
        return "".join(event["choices"][0]["delta"].get("content", "") for event in events)

    async with Simulator(SETTINGS) as sim:
        usually = said(await seen(sim.base_url))
        sim.switch_on(fault)
        assert said(await seen(sim.base_url)) == usually != ""


async def test_a_listener_that_refuses_is_as_if_nobody_were_there_and_comes_back_on_the_same_port() -> None:
    async with Simulator(SETTINGS) as sim:
        url = sim.base_url
        sim.switch_on("refuse")
        await ending(url, "refused")
        await sim.switch_off("refuse")
        assert (await seen(url)).ending == "complete"


async def test_a_refusing_listener_resets_the_connections_that_are_open() -> None:
    async with Simulator(Settings(latency_s=30)) as sim:
        answering = asyncio.create_task(patient(sim.base_url))
        await until(lambda: sim.stats.in_flight == 1)
        sim.switch_on("refuse")
        assert await answering == "reset"


async def test_a_refusing_listener_listens_again_when_its_time_is_over() -> None:
    async with Simulator(SETTINGS, faults=["refuse:for=200ms"]) as sim:
        await ending(sim.base_url, "refused")
        await ending(sim.base_url, "complete")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue of a listener refuses")
async def test_connecting_hangs_while_the_listener_is_jammed() -> None:
    async with Simulator(SETTINGS) as sim:
        url = sim.base_url
        sim.switch_on("connect-hang")
        await ending(url, "silent")
        await sim.switch_off()
        await ending(url, "complete")


async def test_one_fault_of_the_listener_takes_the_place_of_another() -> None:
    async with Simulator(SETTINGS) as sim:
        url = sim.base_url
        for _ in range(5):
            sim.switch_on("refuse")
            sim.switch_on("connect-hang")
            sim.switch_on("refuse")
            await ending(url, "refused")
            sim.switch_on("connect-hang:after=1h")
            await ending(url, "complete")
            await sim.switch_off()
        assert (await seen(url)).ending == "complete"


async def ending(url: str, wanted: str) -> None:
    """Wait until requests end so."""
    async with asyncio.timeout(10):
        while (await seen(url)).ending != wanted:
            await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def patient(url: str) -> str:
    """How a request ends for a client that waits for its answer."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    data = json.dumps(BODY).encode()
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: s\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
    try:
        return "closed" if not await reader.read(1) else "answered"
    except ConnectionResetError:
        return "reset"
    finally:
        writer.transport.abort()
