"""The client's way out of a network that only a proxy leaves."""

import asyncio

import httpx2
import pytest

from workfleet.workers.providers.http_client import http_client


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://api.example/v1", b"CONNECT api.example:443 HTTP/1.1\r\n"),
        ("https://localhost:1/v1", None),
        ("http://127.0.0.1:1/v1", None),
    ],
    ids=["a hosted API", "a host that is named as reached without", "a server of one's own"],
)
async def test_hosted_apis_are_reached_through_the_proxy_that_is_set(
    url: str, asked: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "localhost")
        async with http_client() as client:
            with pytest.raises(httpx2.TransportError):
                await client.get(url)
    assert heard[:1] == ([asked] if asked else [])
