"""The HTTP client that all calls of a process share: httpx2 over aiohttp's transport, without limits of its own."""

from typing import Any
from urllib.request import getproxies

import aiohttp
import httpcore2  # noqa: F401  # pyright: ignore[reportUnusedImport] - else httpx2 does in the middle of a detection
import httpx2
from httpx_aiohttp.httpx2 import AiohttpTransport

from .connector import Connector
from .offline import Offline, OwnNames, is_near

#: uvicorn and Node close idle connections after 5 s; one that is used just then breaks the call.
_KEEP_ALIVE_S = 4.0


class _Client(httpx2.AsyncClient):
    """Sends without a look at redirects, cookies, logins and hooks, of which there are none. They take 30 us a call.

    `get` and `stream` are httpx2's own.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        super().__init__(transport=transport, timeout=None)
        self._to = transport

    async def send(self, request: httpx2.Request, *, stream: bool = False, **_: Any) -> httpx2.Response:
        response = await self._to.handle_async_request(request)
        response.request = request
        if not stream:
            await response.aread()
        return response


def http_client(transport: httpx2.AsyncBaseTransport | None = None, *, verify: bool = True) -> httpx2.AsyncClient:
    """A client that follows no redirect, keeps no cookie and waits without limit: time limits are the caller's.

    verify: whether it is for https at all. Reading the certificates takes longer than asking a local server.
    """
    return _Client(transport or _way_out(verify))


def offline_transport(hosts: frozenset[str], inner: httpx2.AsyncBaseTransport | None = None) -> Offline:
    """For a client that reaches nothing but this machine and these hosts, and no proxy. inner: the network if None."""
    return Offline(inner or _transport(verify=True, stays=True), hosts)


class _PastTheProxy(httpx2.AsyncBaseTransport):
    """This machine is reached directly, whatever `NO_PROXY` says: no proxy reaches it for us."""

    def __init__(self, direct: httpx2.AsyncBaseTransport, proxied: httpx2.AsyncBaseTransport) -> None:
        self._direct = direct
        self._proxied = proxied

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        here = is_near(request.url.host, frozenset())
        return await (self._direct if here else self._proxied).handle_async_request(request)

    async def aclose(self) -> None:
        await self._direct.aclose()
        await self._proxied.aclose()


def _way_out(verify: bool) -> httpx2.AsyncBaseTransport:
    if not getproxies():
        return _transport(verify)
    return _PastTheProxy(_transport(verify), _transport(verify, proxied=True))


def _transport(verify: bool, *, stays: bool = False, proxied: bool = False) -> AiohttpTransport:
    tls = httpx2.create_ssl_context(verify=verify)
    return AiohttpTransport(verify=tls, client=lambda: _session(tls, stays=stays, proxied=proxied))


def _session(tls: Any, *, stays: bool, proxied: bool) -> aiohttp.ClientSession:
    """The number of calls is limited by slots, not by connections."""
    resolver = OwnNames() if stays else None
    return aiohttp.ClientSession(
        connector=Connector(limit=0, keepalive_timeout=_KEEP_ALIVE_S, ssl=tls, resolver=resolver),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Looking for a proxy in the environment costs every call a hop to a thread.
        trust_env=proxied,
    )
