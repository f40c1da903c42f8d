"""A fleet whose providers can be struck: simulators in processes of their own, and a worker for each of them."""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from pydantic import SecretStr

from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ..embedded.config import free_port
from ..fleet.roster import fleet_command
from .observed import Observed, observed

#: Every answer: so many tokens, the first of them after so many seconds, and so many a second.
FIRST_TOKEN_S, TOKENS, TOKEN_RATE = 0.05, 60, 400.0
STARTS_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Blow:
    """What strikes a provider. fault: one of the simulator's; None kills its process. rate: share of the calls."""

    fault: str | None
    rate: float = 1.0
    amount: float | None = None


@dataclass(slots=True)
class Provider:
    """A simulator on a fixed port, so that it can come back where it was."""

    name: str
    http: aiohttp.ClientSession
    port: int = field(default_factory=free_port)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _process: Observed | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        command = fleet_command(
            *("simulate", "--port", str(self.port), "--first-token", str(FIRST_TOKEN_S)),
            *("--answer-tokens", str(TOKENS), "--token-rate", str(TOKEN_RATE)),
        )
        self._process = await self._stack.enter_async_context(observed(f"the {self.name} provider", command, {}))
        await self._process.line_with("listening on ")

    async def strike(self, blow: Blow) -> None:
        if blow.fault is not None:
            given = {"name": blow.fault, "rate": blow.rate, "amount": blow.amount}
            await self._admin("POST", {key: value for key, value in given.items() if value is not None})
        elif self._process is not None:
            await self._process.kill()

    async def mend(self, blow: Blow) -> None:
        if blow.fault is not None:
            await self._admin("DELETE", None)
        else:
            await self.end()
            await self.start()

    async def _admin(self, method: str, body: object) -> None:
        try:
            async with self.http.request(method, f"{self.url}/_sim/faults", json=body) as response:
                response.raise_for_status()
        except aiohttp.ClientError as failed:
            raise FleetUnavailable(f"the {self.name} provider does not let itself be struck: {failed}") from None

    async def end(self) -> None:
        await self._stack.aclose()


@dataclass(frozen=True, slots=True)
class Setup:
    """providers: their names, in the order of the route. slots: calls at the same time, of each.

    route: what its settings are, beside the chain. first_token_s: after which a provider is given up.
    """

    providers: tuple[str, ...]
    slots: int
    route: Mapping[str, Any]
    first_token_s: float


@asynccontextmanager
async def breakable_fleet(
    redis_url: SecretStr, folder: Path, client: AsyncClient, setup: Setup
) -> AsyncGenerator[dict[str, Provider]]:
    """The providers by name; a worker of each takes jobs. redis_url: of a server of its own. folder: for a
    configuration.

    Raises FleetUnavailable if a process does not run as it should; none is left behind in any case.
    """
    async with aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        providers = {name: await stack.enter_async_context(_provider(name, http)) for name in setup.providers}
        file = folder / "fleet.yaml"
        file.write_text(yaml.safe_dump(_configuration(setup, providers)))
        for name in providers:
            await stack.enter_async_context(_worker(name, file, redis_url, setup.slots))
        await _until_up(client, providers)
        yield providers


@asynccontextmanager
async def _provider(name: str, http: aiohttp.ClientSession) -> AsyncGenerator[Provider]:
    provider = Provider(name, http)
    try:
        await provider.start()
        yield provider
    finally:
        await provider.end()


def _configuration(setup: Setup, providers: Mapping[str, Provider]) -> dict[str, Any]:
    told = {
        name: {
            "type": "simulated",
            "base_url": provider.url,
            "default_model": "sim-chat",
            "timeouts": {"first_token_s": setup.first_token_s, "idle_s": setup.first_token_s},
        }
        for name, provider in providers.items()
    }
    return {"providers": told, "routes": {"default": {"chain": [*providers], **setup.route}}}


@asynccontextmanager
async def _worker(name: str, file: Path, redis_url: SecretStr, slots: int) -> AsyncGenerator[None]:
    command = fleet_command(
        *("worker", "--provider", name, "--slots", str(slots), "--config", str(file)),
        *("--grace", "0", "--no-events"),
    )
    env = {"FLEET_REDIS_URL": redis_url.get_secret_value(), "FLEET_LOG_LEVEL": "error"}
    async with observed(f"the worker of the {name} provider", command, env):
        yield


async def _until_up(client: AsyncClient, names: Collection[str]) -> None:
    """Wait until all workers take jobs."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while {node.provider for node in (await client.snapshot()).living} != {*names}:
        if time.monotonic() > deadline:
            raise FleetUnavailable(f"the workers did not start within {STARTS_WITHIN_S:.0f} s")
        await asyncio.sleep(_LOOK_EVERY_S)
