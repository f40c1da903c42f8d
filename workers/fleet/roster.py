"""Which processes a fleet on this machine consists of. Pure: names and command lines, nothing is started."""

import sys
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ..settings.addresses import LOOPBACK
from ..settings.provider import ProviderSettings
from ..settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Member:
    """One process. name: of a pool, its node name. where: what it talks to, or where it is reached, for people.

    port: where it listens on this machine, if it does; of a pool, where its metrics are.
    """

    name: str
    command: tuple[str, ...]
    where: str
    provider: str = ""
    port: int | None = None


def fleet_command(*arguments: str) -> tuple[str, ...]:
    """A `fleet` command line of this very installation.

    `-P`: nothing in the working directory may take the place of an installed package.
    """
    return (sys.executable, "-P", "-m", "workfleet.workers.cli", *arguments)


def pools(settings: Settings, *, host: str, grace_s: float, metrics_port: int | None = None) -> list[Member]:
    """A pool for each provider that gets jobs; for a self-hosted one with several servers, a pool for each server.

    metrics_port: the first one's; each of the others has the next one. None serves none.
    """
    found = [pool for provider in settings.enabled() for pool in _pools_of(provider, host, grace_s)]
    return found if metrics_port is None else [_told(pool, port) for port, pool in enumerate(found, start=metrics_port)]


def _pools_of(provider: ProviderSettings, host: str, grace_s: float) -> list[Member]:
    if not provider.self_hosted or len(provider.base_urls) < 2:
        return [_pool(provider, f"{provider.name}@{host}", grace_s, ", ".join(provider.base_urls))]
    return [
        _pool(provider, f"{provider.name}.{number}@{host}", grace_s, url, "--endpoint", url)
        for number, url in enumerate(provider.base_urls, start=1)
    ]


def _pool(provider: ProviderSettings, node: str, grace_s: float, where: str, *more: str) -> Member:
    command = fleet_command("worker", "--provider", provider.name, "--node", node, "--grace", f"{grace_s:g}", *more)
    return Member(node, command, where, provider=provider.name)


def _told(pool: Member, port: int) -> Member:
    return replace(pool, command=(*pool.command, "--metrics-port", str(port)), port=port)


def simulators(settings: Settings) -> list[Member]:
    """A simulator for each simulated provider of this machine."""
    return [
        Member(f"{provider.name}.server:{port}", fleet_command("simulate", "--port", str(port)), url, port=port)
        for provider in settings.enabled()
        for url in provider.base_urls
        if provider.type == "simulated" and (port := _port_here(url)) is not None
    ]


def _port_here(url: str) -> int | None:
    """The port if the URL is of this machine, None otherwise."""
    parts = urlsplit(url)
    return (parts.port or 80) if parts.hostname in LOOPBACK else None
