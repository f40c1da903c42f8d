"""The client's way out of a network that only a proxy leaves."""

import asyncio

import httpx2
import pytest

from workfleet.workers.providers.http_client import http_client


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://api.example/v1", b"CONNECT api.example:443 HTTP/1.1\r\n"),
        ("http://gpu.example:8000/v1", b"GET http://gpu.example:8000/v1 HTTP/1.1\r\n"),
        ("http://near.invalid:1/v1", None),
        ("https://localhost:1/v1", None),
        ("http://127.0.0.1:1/v1", None),
        ("http://[::1]:1/v1", None),
    ],
    ids=[
        "a hosted API",
        "plain http",
        "a host that is named as reached without",
        "localhost",
        "its address",
        "in IPv6",
    ],
)
async def test_the_proxy_that_is_set_is_the_way_to_everything_but_this_machine_and_hosts_that_are_named(
    url: str, asked: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "near.invalid")
        async with http_client() as client:
            with pytest.raises(httpx2.TransportError):
                await client.get(url)
    assert heard[:1] == ([asked] if asked else [])
