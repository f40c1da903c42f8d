"""`fleet up`: everything on this machine."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ...tasks.connection import address
from ...tasks.fleet_state import NodeReport
from ..embedded.config import HOST, port_is_free
from ..embedded.running import state_dir
from ..fleet.choice import ensure_providers
from ..fleet.roster import Member, fleet_command
from ..fleet.running import Fleet, FleetOptions, Outputs, running_fleet
from ..logs import LogOptions, configure_logs, for_machines, log_options
from ..metrics.endpoint import OWN
from ..pool.herald import Herald
from ..redaction import secrets_in
from ..settings.load import load_settings
from ..settings.schema import Settings
from ..supervision.interrupts import counted_interrupts, ignore_interrupts
from ..supervision.output import Prefixed, plain
from .console import err, whole
from .session import ConfigOption

FLOWER_PORT = 5555


def up(
    flower: Annotated[bool, typer.Option("--flower/--no-flower", help="Run Flower, the web page of the fleet.")] = True,
    flower_port: Annotated[int, typer.Option(min=1, max=65_535, help="Where Flower listens.")] = FLOWER_PORT,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65_500,
            envvar="FLEET_METRICS_PORT",
            help="Serve Prometheus' metrics of the first pool here, and of each other one on the next port.",
            show_default=False,
        ),
    ] = None,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that running jobs may go on when the fleet is stopped.")
    ] = 10.0,
    config: ConfigOption = None,
) -> None:
    """Run a whole fleet on this machine until Ctrl-C: Redis if none is configured, a pool for each provider, Flower.

    Without a configuration it uses the model servers that it finds on this machine, and without any a simulator.
    What is queued survives: the next `fleet up` in this folder goes on with it. Ctrl-C lets running jobs finish
    within --grace and hands back the rest; a second one hands them back at once.

    Examples:

      fleet up

      fleet up --config gpu.yaml --no-flower --grace 60
    """
    settings = load_settings(config)
    options = log_options(os.environ, debug_providers=settings.debug)
    herald = Herald()
    configure_logs(options, secrets=secrets_in(settings), on_event=herald.take)
    sys.exit(asyncio.run(_up(settings, options, herald, flower_port if flower else None, metrics_port, grace)))


async def _up(
    settings: Settings,
    logs: LogOptions,
    herald: Herald,
    flower_port: int | None,
    metrics_port: int | None,
    grace_s: float,
) -> int:
    settings, notice = await ensure_providers(settings, env=os.environ, state=state_dir())
    err.print(notice, markup=False)
    outputs, env = _console(logs)
    # Each pool gets a port of its own on its command line.
    env = {**env, "FLEET_METRICS_PORT": ""}
    options = FleetOptions(state_dir(), outputs, herald, env, share=False, grace_s=grace_s, metrics_port=metrics_port)
    running: list[Fleet] = []
    main = asyncio.current_task()
    assert main is not None

    def interrupted(number: int) -> None:
        if number == 1:
            err.print(f"stopping: running jobs have {grace_s:g} s; Ctrl-C again hands them back at once")
            main.cancel()
        for fleet in running:
            if number == 2:
                fleet.hurry()
            elif number > 2:
                fleet.kill()

    try:
        with counted_interrupts(interrupted):
            async with running_fleet(settings, options) as fleet:
                running.append(fleet)
                nodes = await fleet.nodes()
                # Not folded: a cut address is of no use.
                whole.print(_table(fleet, nodes, _start_flower(fleet, flower_port)))
                await fleet.pools.wait()
    except asyncio.CancelledError:
        ignore_interrupts()
        return 0
    err.print("every pool has ended for good; their last words are above")
    return 1


def _console(logs: LogOptions) -> tuple[Outputs, dict[str, str]]:
    """Where the children's lines go, and what they must know to write them so: after their names for people,
    as they are for machines."""
    if for_machines(logs, sys.stderr):
        return (lambda _: plain(sys.stderr)), {"FLEET_LOG_FORMAT": "json"}
    colors = sys.stderr.isatty() if logs.colors is None else logs.colors
    prefixed = Prefixed(sys.stderr, color=colors)
    return prefixed.sink, {"FLEET_LOG_FORMAT": "console", ("FORCE_COLOR" if colors else "NO_COLOR"): "1"}


def _start_flower(fleet: Fleet, port: int | None) -> str:
    """Its URL, or why it does not run."""
    if port is None:
        return ""
    if not port_is_free(port):
        return f"not started: port {port} is taken; choose another with --flower-port"
    url = f"http://{HOST}:{port}"
    fleet.start(Member("flower", fleet_command("flower", "--port", str(port)), url, port=port))
    return url


def _table(fleet: Fleet, nodes: dict[str, NodeReport], flower: str) -> Table:
    table = Table("", "runs as", "where", "", "", box=None, header_style="dim", pad_edge=False)
    for column in table.columns:
        column.no_wrap = True
    if fleet.redis is None:
        table.add_row("Redis", "configured", address(fleet.redis_url))
    else:
        how = "embedded, was running" if fleet.redis.adopted else "embedded"
        table.add_row("Redis", how, f"{HOST}:{fleet.redis.port}", f"data in {_near(fleet.redis.folder)}")
    for member in fleet.members:
        if member.provider:
            table.add_row("pool", member.name, member.where, _standing(nodes.get(member.name)), _metrics(member))
        elif member.name != "flower":
            table.add_row("simulator", member.name, member.where)
    if flower:
        table.add_row("Flower", "", flower, f"pools, lanes and jobs: {flower}/fleet" if "://" in flower else "")
    return table


def _standing(node: NodeReport | None) -> str:
    if node is None:
        return "not ready yet"
    return f"takes no jobs: {node.unavailable}" if node.unavailable else f"{node.slots} slots"


def _metrics(pool: Member) -> str:
    return "" if pool.port is None else f"metrics: http://{HOST}:{pool.port}{OWN}"


def _near(folder: Path) -> str:
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
