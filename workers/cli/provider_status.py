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
from ...tasks.health import ProviderHealth
from ...tasks.status import FleetStatus, read_status
from ..settings.breaker import words
from .console import err, out
from .session import NO_WORKER, ConfigOption, JsonOption, fleet_client, run_async


def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks with --watch.")] = 1.0,
    detailed: Annotated[
        bool, typer.Option("--detailed", "-d", help="Show also endpoints, models and closed lanes.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show every provider: its state, breakers, times and workers, its lanes, and the jobs that wait.

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
            if not now.health:
                err.print(NO_WORKER, markup=False)
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
    if (troubles := _troubles(status)) is not None:
        parts += ["", troubles]
    if detailed:
        parts += _details(status)
    parts += ["", f"{status.running} running, {status.snoozed} snoozed, {status.dead} dead letters"]
    return Group(*parts)


def _providers(status: FleetStatus) -> Table:
    columns = ("provider", "state", "busy", "lanes", "errors", "first token", "answer", "up", "workers")
    table = Table(*columns, box=None, pad_edge=False)
    for each in status.health:
        seen = each.overall
        table.add_row(
            escape(each.provider),
            _state(each),
            f"{each.busy}/{each.slots}" if each.slots else "",
            str(len(each.open_lanes)),
            f"{seen.failing:.0%}" if seen.calls else "",
            _seconds(seen.first_token_s),
            _seconds(seen.total_s),
            "" if each.uptime is None else f"{each.uptime:.1%}",
            escape(", ".join(_workers(status, each.provider))),
        )
    return table


def _workers(status: FleetStatus, provider: str) -> list[str]:
    pool = next(pool for pool in status.pools if pool.provider == provider)
    return [node.node if node.node in pool.living else f"{node.node} (gone)" for node in pool.nodes]


def _state(health: ProviderHealth) -> str:
    color = "green" if health.state == "takes jobs" else "red" if health.state == "out" else "yellow"
    return f"[{color}]{health.state}[/]" + (f": {escape(health.why)}" if health.why else "")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _troubles(status: FleetStatus) -> Table | None:
    """Breakers that are open or see failures, and models that are passed by."""
    table = Table("provider", "breaker", "of", "failures", "next probe", box=None, pad_edge=False)
    for each in status.health:
        for breaker in each.breakers:
            due = "" if breaker.probe_in_s is None else f"in {breaker.probe_in_s:.0f} s"
            probe = f"{breaker.prober} tries" if breaker.prober else due
            if breaker.successes:
                probe += f", {breaker.successes} of {each.policy.successes} went well"
            failures = f"{breaker.failures} of {breaker.calls}" if breaker.calls else ""
            table.add_row(
                each.provider, breaker.state, escape(f"{breaker.scope} {breaker.of}"), failures, escape(probe)
            )
        for model, why in each.passed_by.items():
            table.add_row(each.provider, "passed by", escape(model), "", escape(why))
    return table if table.row_count else None


def _details(status: FleetStatus) -> list[RenderableType]:
    endpoints = Table("provider", "endpoint", "busy", "bears", "waiting there", "check", "", box=None, pad_edge=False)
    models = Table("target", "calls", "errors", "rejected", "first token", "answer", "USD", box=None, pad_edge=False)
    for each in status.health:
        for endpoint in each.endpoints:
            endpoints.add_row(
                each.provider,
                escape(endpoint.url),
                str(endpoint.busy),
                "" if endpoint.limit is None else str(endpoint.limit),
                "" if endpoint.waiting is None else str(endpoint.waiting),
                "" if endpoint.checked_s is None else f"{endpoint.checked_s * 1000:.0f} ms",
                escape(endpoint.unavailable or "well"),
            )
        for model, seen in each.observed.items():
            cost = "" if seen.cost_per_accepted_usd is None else f"{seen.cost_per_accepted_usd:.5f}"
            shares = (f"{seen.failing:.0%}", f"{seen.rejected:.0%}")
            times = (_seconds(seen.first_token_s), _seconds(seen.total_s))
            models.add_row(escape(f"{each.provider}/{model}"), str(seen.calls), *shares, *times, cost)
    tables = (endpoints, _memory(status), models, _policies(status), _closed(status))
    return [part for table in tables if table.row_count for part in ("", table)]


def _memory(status: FleetStatus) -> Table:
    table = Table("provider", "endpoint", "in memory", "GB", "of", box=None, pad_edge=False)
    for each in status.health:
        for endpoint in each.endpoints:
            if endpoint.memory_gb is not None:
                models = ", ".join(f"{model} {size:.1f}" for model, size in endpoint.in_memory.items())
                taken = f"{sum(endpoint.in_memory.values()):.1f}"
                table.add_row(
                    escape(each.provider), escape(endpoint.url), escape(models), taken, f"{endpoint.memory_gb:g}"
                )
    return table


def _policies(status: FleetStatus) -> Table:
    table = Table("provider", "a breaker of its", box=None, pad_edge=False)
    for each in status.health:
        table.add_row(escape(each.provider), words(each.policy))
    return table


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
        "health": {each.provider: each.fields() for each in status.health},
        "queues": queues,
        "running": status.running,
        "snoozed": status.snoozed,
        "dead": status.dead,
    }
