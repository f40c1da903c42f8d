"""A fleet without a way out: what is not here, or of our own network, is refused before a name is looked up."""

import socket

import httpx2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from workfleet.routing.failure import Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.http_client import http_client, offline_transport
from workfleet.workers.providers.offline import OwnNames
from workfleet.workers.providers.sender import Sender


def answers(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, text="here")


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("http://localhost:11434/", True),
        ("http://127.0.0.1:8000/", True),
        ("http://[::1]:8000/", True),
        ("http://gpu-1:8000/", True),
        ("http://10.0.0.7:8000/", True),
        ("http://10.0.0.8:8000/", False),
        ("http://8.8.8.8/", False),
        ("https://api.groq.com/", False),
        ("http://localhost.example/", False),
    ],
    ids=[
        "this machine",
        "its address",
        "its other address",
        "a host that is named",
        "an address that is named",
        "another of the same network",
        "a public address, though it is named",
        "a provider",
        "a name that only begins like this machine's",
    ],
)
async def test_only_this_machine_and_named_hosts_of_our_own_are_connected_to(url: str, made: bool) -> None:
    transport = offline_transport(frozenset({"gpu-1", "10.0.0.7", "8.8.8.8"}), httpx2.MockTransport(answers))
    async with http_client(transport) as client:
        if made:
            assert (await client.get(url)).text == "here"
        else:
            with pytest.raises(httpx2.ConnectError, match=r"^offline: no connection to .* is made"):
                await client.get(url)
    assert transport.refused == ({} if made else {httpx2.URL(url).host: 1})


async def test_an_attempt_that_would_leave_fails_and_is_counted() -> None:
    groq = Endpoint("groq", "groq", "https://api.groq.com/openai/v1")
    async with Sender(near=frozenset()) as sender:
        for _ in range(2):
            with pytest.raises(AttemptFailed) as failed:
                await sender.ask(groq, "llama", Request.from_prompt("Say it."), Timeouts())
            assert failed.value.failure.fault is Fault.TRANSPORT
        assert not (await sender.health(groq)).healthy
        assert sender.refused == {"api.groq.com": 3}


async def test_calls_to_this_machine_are_made_without_the_proxy_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server, http_client(offline_transport(frozenset())) as client:
        assert (await client.get(str(server.make_url("/")))).text == "here"


@pytest.mark.parametrize(("address", "is_ours"), [("10.1.2.3", True), ("93.184.215.14", False)], ids=["ours", "public"])
async def test_a_named_host_must_have_an_address_of_our_own(
    address: str, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*_args: object, **_options: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    if is_ours:
        assert [each["host"] for each in await OwnNames().resolve("gpu-1", 80)] == [address]
    else:
        with pytest.raises(OSError, match="gpu-1 is no machine of our own network"):
            await OwnNames().resolve("gpu-1", 80)
