"""What most commands need first: the settings, the Redis of the fleet, a client."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import SecretStr

from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ..embedded.running import running_url, state_dir
from ..settings.load import load_settings
from ..settings.schema import Settings

_T = TypeVar("_T")

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
async def fleet_client(config: Path | None, *, wait_for_redis_s: float = 0.0) -> AsyncGenerator[AsyncClient]:
    """A client of the configured fleet."""
    settings = load_settings(config, needed=())
    async with AsyncClient(fleet_redis(settings), wait_for_redis_s=wait_for_redis_s) as client:
        yield client


def run_async(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a command's coroutine; Ctrl-C ends the command with the shell's usual code."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
