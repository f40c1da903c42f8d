"""The transport of a fleet that is offline: it lets no call leave, and counts those that would have left."""

import ipaddress
import socket
from collections import Counter

import httpx2
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver


class Offline(httpx2.AsyncBaseTransport):
    """inner: makes the calls that stay. hosts: machines of our own besides this one, as the configuration names them.

    refused: host -> calls that were not made.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, hosts: frozenset[str]) -> None:
        self._inner = inner
        self._hosts = hosts
        self.refused: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        if not is_near(host, self._hosts):
            self.refused[host] += 1
            raise httpx2.ConnectError(f"offline: no connection to {host} is made", request=request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class OwnNames(ThreadedResolver):
    """Finds the addresses of names, if they are of our own network: a name in a configuration may mean anything."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if any(ipaddress.ip_address(each["host"]).is_global for each in found):
            raise OSError(f"offline: {host} is no machine of our own network")
        return found


def is_near(host: str, hosts: frozenset[str]) -> bool:
    """Whether a host is this machine, or one of those that are named and no public address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost") or host in hosts
    return address.is_loopback or (host in hosts and not address.is_global)
