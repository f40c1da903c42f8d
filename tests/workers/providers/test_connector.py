"""Servers that say more than they were asked."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from workfleet.workers.providers.http_client import http_client


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Server:
    """Answers each request with its path; that to `/twice` once more. connections: how many there were."""

    def __init__(self) -> None:
        self.connections = 0
        self.repeat = asyncio.Event()
        self.repeated = asyncio.Event()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split()[1]
                writer.write(answer(path))
                if path == b"/twice":
                    await self.repeat.wait()
                    writer.write(answer(b"once more"))
                    self.repeated.set()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def running(server: Server) -> AsyncGenerator[str]:
    listening = await asyncio.start_server(server.connected, "127.0.0.1")
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


async def test_connections_are_used_again() -> None:
    async with running(server := Server()) as url, http_client(verify=False) as client:
        assert [(await client.get(f"{url}/{path}")).text for path in "abc"] == ["/a", "/b", "/c"]
    assert server.connections == 1


@pytest.mark.parametrize("later", [False, True], ids=["at once", "when the answer has been read"])
async def test_what_a_server_says_unasked_is_not_taken_for_the_next_answer(later: bool) -> None:
    async with running(server := Server()) as url, http_client(verify=False) as client:
        if not later:
            server.repeat.set()
        assert (await client.get(f"{url}/twice")).text == "/twice"
        server.repeat.set()
        await server.repeated.wait()
        assert (await client.get(f"{url}/next")).text == "/next"
    assert server.connections == 2
