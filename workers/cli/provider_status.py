"""`fleet providers status`: how each provider's pools stand, and why those that take no jobs take none."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ...tasks.client import AsyncClient
from ...tasks.status import FleetStatus, PoolStatus, read_status
from .console import out
from .session import ConfigOption, JsonOption, fleet_client, run_async


def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks with --watch.")] = 1.0,
    detailed: Annotated[
        bool, typer.Option("--detailed", "-d", help="Show also which lanes are closed, and why.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show every provider: its workers, their slots, the lanes they take jobs from, and the jobs that wait.

    Examples:

      fleet providers status

      fleet providers status --watch

      fleet providers status --json
    """
    run_async(_status(config, watch=watch, interval_s=interval, detailed=detailed, as_json=as_json))


async def _status(config: Path | None, *, watch: bool, interval_s: float, detailed: bool, as_json: bool) -> None:
    async with fleet_client(config) as client:
        now = await _read(client)
        if as_json:
            out.print_json(data=_fields(now))
        elif not watch:
            out.print(_shown(now, detailed=detailed))
        else:
            with Live(_shown(now, detailed=detailed), console=out, auto_refresh=False) as live:
                while True:
                    await asyncio.sleep(interval_s)
                    live.update(_shown(await _read(client), detailed=detailed), refresh=True)


async def _read(client: AsyncClient) -> FleetStatus:
    return await read_status(client.redis, namespace=client.store.namespace)


def _shown(status: FleetStatus, *, detailed: bool) -> RenderableType:
    parts: list[RenderableType] = [_providers(status)]
    waiting = [queue for queue in status.queues if queue.waiting]
    if waiting:
        table = Table("queue", "waiting", "oldest", "taken by", box=None, pad_edge=False)
        for queue in waiting:
            age = "" if queue.oldest_s is None else f"{queue.oldest_s:.0f} s"
            table.add_row(queue.name, str(queue.waiting), age, ", ".join(queue.takers) or "[yellow]nobody[/]")
        parts += ["", table]
    if detailed:
        parts += ["", _closed(status)]
    parts += ["", f"{status.running} running, {status.snoozed} snoozed, {status.dead} dead letters"]
    return Group(*parts)


def _providers(status: FleetStatus) -> Table:
    table = Table("provider", "worker", "state", "busy", "lanes", "models", box=None, pad_edge=False)
    for pool in status.pools:
        if not pool.nodes:
            table.add_row(pool.provider, "", "[yellow]no worker runs[/]", "", "", "")
        for node in pool.nodes:
            lanes = str(len(node.open_lanes))
            models = ", ".join(node.models[:3]) + (" …" if len(node.models) > 3 else "")
            table.add_row(pool.provider, node.node, _state(pool, node.node), f"{node.busy}/{node.slots}", lanes, models)
    return table


def _state(pool: PoolStatus, name: str) -> str:
    node = next(node for node in pool.nodes if node.node == name)
    if name not in pool.living:
        return "[red]gone[/]"
    return "[green]takes jobs[/]" if node.unavailable is None else f"[red]out:[/] {escape(node.unavailable)}"


def _closed(status: FleetStatus) -> Table:
    table = Table("worker", "closed lane", "why", box=None, pad_edge=False)
    for pool in status.pools:
        for node in pool.nodes:
            for lane, why in node.closed_lanes.items():
                table.add_row(node.node, lane, escape(why))
    return table


def _fields(status: FleetStatus) -> dict[str, Any]:
    nodes = {
        pool.provider: [{**node.model_dump(mode="json"), "living": node.node in pool.living} for node in pool.nodes]
        for pool in status.pools
    }
    queues = [dataclasses.asdict(queue) for queue in status.queues if queue.waiting or queue.takers or queue.refusals]
    return {
        "providers": nodes,
        "queues": queues,
        "running": status.running,
        "snoozed": status.snoozed,
        "dead": status.dead,
    }
