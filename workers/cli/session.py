"""What most commands need first: the settings, the Redis of the fleet, a client."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import SecretStr

from ...tasks.client import AsyncClient
from ...tasks.connection import passes
from ...tasks.errors import FleetUnavailable
from ..embedded.running import running_url, state_dir
from ..settings.load import load_settings
from ..settings.schema import Settings
from .console import err

_T = TypeVar("_T")

#: What is said where jobs are handed in, and nobody is there to take them.
NO_WORKER = "no worker runs yet; `fleet up` starts them, or `fleet worker --provider NAME`"

_PATIENCE_S = 60.0

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Configuration file; FLEET_CONFIG or ./fleet.yaml if not given.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]


def fleet_redis(settings: Settings) -> SecretStr:
    """The configured Redis, else the one that `fleet up` runs for this folder."""
    url = settings.redis_url or running_url(state_dir())
    if url is None:
        raise FleetUnavailable("no fleet runs here: set FLEET_REDIS_URL to its Redis, or start one with `fleet up`")
    return url


@asynccontextmanager
async def fleet_client(
    config: Path | None, *, patient: bool = False, timeout_s: float | None = None
) -> AsyncGenerator[AsyncClient]:
    """A client of the configured fleet.

    patient: it waits for a minute while Redis is away, but no longer than the command's own `timeout_s`, and says so.
    """
    url = fleet_redis(load_settings(config, needed=()))
    wait_s = min(_PATIENCE_S, _PATIENCE_S if timeout_s is None else timeout_s) if patient else 0.0
    if wait_s:
        await _tell_if_away(url, wait_s)
    async with AsyncClient(url, wait_for_redis_s=wait_s) as client:
        yield client


async def _tell_if_away(url: SecretStr, wait_s: float) -> None:
    try:
        async with AsyncClient(url):
            return
    except FleetUnavailable as failed:
        if not passes(failed):
            raise
        err.print(f"{failed}; waiting for it for {wait_s:g} s", markup=False)


def run_async(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a command's coroutine; Ctrl-C ends the command with the shell's usual code."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
