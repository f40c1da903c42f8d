"""`fleet flower`: the web page of the fleet."""

import asyncio
import os
import signal
from typing import Annotated

import typer
from pydantic import SecretStr

from ...tasks import connection
from ..dashboard.server import DashboardOptions, running_dashboard
from ..logs import configure_logs, log_options
from ..redaction import secrets_in
from ..settings.load import load_settings
from .console import err
from .session import ConfigOption, fleet_redis


def flower(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to listen; 0 takes a free port.")] = 5555,
    address: Annotated[str, typer.Option(help="Beyond this machine only with --basic-auth.")] = "127.0.0.1",
    basic_auth: Annotated[
        str | None,
        typer.Option(envvar="FLEET_FLOWER_AUTH", help="USER:PASSWORD; better in the variable.", show_default=False),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Run Flower for the fleet: workers, tasks, and under /fleet its pools, lanes and jobs. No prompts, no answers.

    Examples:

      fleet flower

      FLEET_FLOWER_AUTH=ann:secret fleet flower --address 0.0.0.0 --port 8080
    """
    settings = load_settings(config, needed=())
    options = DashboardOptions(
        redis_url=fleet_redis(settings),
        address=address,
        port=port,
        login=SecretStr(basic_auth) if basic_auth else None,
    )
    configure_logs(log_options(os.environ), secrets=[*secrets_in(settings), *secrets_in(options)])
    asyncio.run(_run(options))


async def _run(options: DashboardOptions) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_dashboard(options) as where:
        redis = connection.address(options.redis_url)
        err.print(f"Flower for the fleet on {redis}: {where}  (pools, lanes and jobs: {where}/fleet)")
        await stop.wait()
