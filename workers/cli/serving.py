"""The fleet that a command works with: the one that runs, or one that is started for it and ended after it."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from ...tasks.client import AsyncClient
from ..embedded.running import running_url, state_dir
from ..fleet.choice import ensure_providers
from ..fleet.residents import residents
from ..fleet.running import Fleet, FleetOptions, log_files, running_fleet
from ..logs import configure_logs, log_options
from ..pool.herald import Herald
from ..redaction import secrets_in
from ..settings.load import load_settings
from ..settings.schema import Settings
from ..supervision.interrupts import counted_interrupts
from .console import err

_T = TypeVar("_T")

#: The shell's code of a command that Ctrl-C ended.
INTERRUPTED = 130

#: Seconds that a command waits for Redis when it starts, and when Redis goes away in the middle of its work.
_START_WITHIN_S = 5.0
_PATIENCE_S = 300.0
_GRACE_S = 10.0


def with_fleet(config: Path | None, work: Callable[[AsyncClient], Awaitable[_T]]) -> _T | None:
    """What `work` returns, with a client of a fleet that has workers; None if it was interrupted.

    The first Ctrl-C or SIGTERM cancels the work, a second one does not wait for its jobs, a third one for nothing.
    """
    settings = load_settings(config)
    quiet = {"FLEET_LOG_LEVEL": "warning", **os.environ}
    herald = Herald()
    options = log_options(quiet, debug_providers=settings.debug)
    configure_logs(options, secrets=secrets_in(settings), on_event=herald.take)
    return asyncio.run(_run(settings, herald, work))


async def _run(settings: Settings, herald: Herald, work: Callable[[AsyncClient], Awaitable[_T]]) -> _T | None:
    main = asyncio.current_task()
    assert main is not None
    started: list[Fleet] = []

    def interrupted(number: int) -> None:
        if number == 1:
            main.cancel()
        for fleet in started:
            if number == 2:
                fleet.hurry()
            elif number > 2:
                fleet.kill()

    with counted_interrupts(interrupted):
        try:
            async with _client(settings, herald, started) as client:
                return await work(client)
        except asyncio.CancelledError:
            return None


@asynccontextmanager
async def _client(settings: Settings, herald: Herald, started: list[Fleet]) -> AsyncGenerator[AsyncClient]:
    url = settings.redis_url or running_url(state_dir())
    if url is not None and (providers := await _living(url)):
        err.print(_using(providers, settings), markup=False)
        async with AsyncClient(url, wait_for_redis_s=_PATIENCE_S) as client:
            yield client
        return
    settings, notice = await ensure_providers(settings, env=os.environ, state=state_dir())
    err.print(notice, markup=False)
    outputs, env = log_files(state_dir()), {"FLEET_LOG_FORMAT": "json"}
    options = FleetOptions(state_dir(), outputs, herald, env, grace_s=_GRACE_S)
    async with running_fleet(settings, options) as fleet:
        started.append(fleet)
        async with AsyncClient(fleet.redis_url, wait_for_redis_s=_PATIENCE_S) as client:
            yield client


def _using(living: list[str], settings: Settings) -> str:
    """What is said of the fleet that runs. Whoever has a configuration of other providers does not mean that one."""
    said = f"using the fleet that runs: {', '.join(living)}"
    own = [each.name for each in settings.enabled()]
    if not own or {*own} & {*living}:
        return said
    return f"{said}; it has none of {settings.source or 'the environment'} ({', '.join(own)})"


async def _living(url: SecretStr) -> list[str]:
    """The providers with workers in the fleet of this Redis; what a killed command has left behind is none."""
    async with AsyncClient(url, wait_for_redis_s=_START_WITHIN_S) as client:
        return sorted({node.provider for node in await residents(client)})
