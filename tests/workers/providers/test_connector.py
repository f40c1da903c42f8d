"""Servers that say more than they were asked."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from workfleet.workers.providers.connector import REST_S, Connector


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Server:
    """Answers each request with its path; that to `/twice` once more, when `repeat` is set."""

    def __init__(self) -> None:
        self.connections = 0
        self.repeat = asyncio.Event()
        self.repeated = asyncio.Event()
        self.asked = defaultdict[str, asyncio.Event](asyncio.Event)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split()[1]
                self.asked[path.decode()].set()
                writer.write(answer(path))
                if path == b"/twice":
                    await self.repeat.wait()
                    writer.write(answer(b"once more"))
                    self.repeated.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def running(server: Server, *, rest_s: float) -> AsyncGenerator[aiohttp.ClientSession]:
    async with await asyncio.start_server(server.connected, "127.0.0.1") as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with aiohttp.ClientSession(url, connector=Connector(rest_s=rest_s)) as client:
            yield client


async def said(client: aiohttp.ClientSession, path: str) -> str:
    async with client.get(path) as response:
        return await response.text()


async def test_a_connection_is_used_again_when_it_has_rested() -> None:
    before = 0
    async with running(server := Server(), rest_s=0.0) as client:
        assert await said(client, "/a") == "/a"
        while server.connections > before:
            before = server.connections
            assert await said(client, "/b") == "/b"


async def test_a_connection_that_has_not_rested_is_not_used_again() -> None:
    async with running(server := Server(), rest_s=60.0) as client:
        assert [await said(client, path) for path in ("/a", "/b", "/c")] == ["/a", "/b", "/c"]
    assert server.connections == 3


@pytest.mark.parametrize("rest_s", [0.0, REST_S], ids=["without a rest", "with a rest"])
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "when the first answer has been read"])
async def test_what_a_server_says_unasked_is_not_taken_for_the_next_answer(at_once: bool, rest_s: float) -> None:
    async with running(server := Server(), rest_s=rest_s) as client:
        if at_once:
            server.repeat.set()
        assert await said(client, "/twice") == "/twice"
        server.repeat.set()
        await server.repeated.wait()
        assert await said(client, "/next") == "/next"
    assert server.connections == 2


async def test_nor_is_what_it_says_after_the_next_request() -> None:
    async with running(server := Server(), rest_s=REST_S) as client:
        assert await said(client, "/twice") == "/twice"
        following = asyncio.create_task(said(client, "/next"))
        await server.asked["/next"].wait()
        server.repeat.set()
        assert await following == "/next"
