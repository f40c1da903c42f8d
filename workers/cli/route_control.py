"""`fleet route list, set, reset, failures`: change chains while the fleet runs, on every host at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ...routing.action_table import HEAD, rows
from ...routing.control import AGENTS_OWN, LANES_OWN
from ...routing.directory import ChainLink, Directory, Route
from ...routing.lanes import Band
from ...tasks.errors import InvalidRequest, UnknownName
from ..settings.choices import filtered_named, strategy_named
from ..settings.links import with_roles
from .console import err, out
from .route_change import By, IfVersion, RouteName, Terms, change_route
from .route_view import chain, fields, origin
from .session import ConfigOption, JsonOption, fleet_client, run_async


@dataclass(frozen=True, slots=True)
class _Change:
    """What somebody wants otherwise, in his words; None is as it is."""

    targets: tuple[str, ...]
    strategy: str | None
    spill_after: str | None
    filtered: str | None

    def update(self, directory: Directory) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self.targets:
            links = [_link(target, at, directory) for at, target in enumerate(self.targets, start=1)]
            fields["chain"] = with_roles(links)
        if self.strategy is not None:
            fields["strategy"] = strategy_named(self.strategy)
        if self.spill_after is not None:
            fields["spill_after_s"] = _seconds(self.spill_after)
        if self.filtered is not None:
            fields["filtered"] = filtered_named(self.filtered)
        return fields


def list_routes(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show the routes of the running fleet, and which of them were changed by hand.

    Example:

      fleet route list
    """
    run_async(_list(config, as_json))


def set_route(
    name: RouteName,
    targets: Annotated[
        list[str] | None, typer.Argument(help="PROVIDER or PROVIDER/MODEL, in order.", show_default=False)
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="How the pools' turns are decided; as it is if not given.")
    ] = None,
    spill_after: Annotated[
        str | None, typer.Option(help="Seconds an earlier target must be full, or `never`; as it is if not given.")
    ] = None,
    filtered: Annotated[
        str | None,
        typer.Option(help="Who else is asked after a filter: give_up, one_more, all, local; as it is if not given."),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Make a route that there is not yet.")] = False,
    if_version: IfVersion = None,
    by: By = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change a route until it is reset, over every restart: its chain, its strategy, when it spills, what follows a
    filter.

    Examples:

      fleet route set default vllm groq/llama-3.3-70b-versatile

      fleet route set default --strategy cost_based --spill-after 2

      fleet route set default --filtered local

      fleet route set agent:reviewer anthropic groq --new
    """
    change = _Change(tuple(targets or ()), strategy, spill_after, filtered)
    run_async(_set(config, name, change, Terms(if_version, by, as_json), new=new))


def reset_route(
    name: RouteName,
    if_version: IfVersion = None,
    by: By = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Have a route be as configured again.

    Example:

      fleet route reset default
    """
    run_async(_reset(config, name, Terms(if_version, by, as_json)))


def failures(as_json: JsonOption = False) -> None:
    """Show what follows each way in which a call can fail.

    Example:

      fleet route failures
    """
    if as_json:
        out.print_json(data=[dict(zip(HEAD, row, strict=True)) for row in rows()])
        return
    table = Table(*HEAD, box=None, pad_edge=False)
    for row in rows():
        table.add_row(*row)
    out.print(table)


async def _list(config: Path | None, as_json: bool) -> None:
    async with fleet_client(config) as client:
        directory, control = await client.directory(), await client.fleet.controls.read()
    if as_json:
        out.print_json(data=[fields(route, control) for route in directory.routes.values()])
        return
    table = Table("route", "strategy", "spills after", "filtered", "chain", "", box=None, pad_edge=False)
    for name, route in directory.routes.items():
        spill = "never" if route.spill_after_s is None else f"{route.spill_after_s:g} s"
        by_hand = origin(name, control) if name in control.routes else ""
        table.add_row(name, route.strategy, spill, route.filtered, chain(route), by_hand)
    out.print(table)
    if not directory.routes:
        err.print("no routes: until a pool with a configuration starts, every provider may have every job")


async def _set(config: Path | None, name: str, change: _Change, terms: Terms, *, new: bool) -> None:
    async with fleet_client(config) as client:
        # Read before the routes: a change between the two is then refused, never overwritten.
        version = (await client.fleet.controls.read()).versions.get(name, 0)
        directory = await client.directory()
        before = directory.routes.get(name)
        if before is None:
            _check_new(name, change, directory, new=new)
        update = change.update(directory)
        if not update:
            raise InvalidRequest("nothing to set; give targets, --strategy, --spill-after or --filtered")
        route = (before or Route(name=name, chain=())).model_copy(update=update)
        if terms.if_version is None:
            terms = terms._replace(if_version=version)
        await change_route(client, name, route, terms)


def _check_new(name: str, change: _Change, directory: Directory, *, new: bool) -> None:
    """Refuse what cannot be a new route, and what is more likely a mistyped one."""
    if not new:
        raise UnknownName("route", name, directory.routes)
    if not change.targets:
        raise InvalidRequest(f"a new route needs targets: fleet route set {name} --new PROVIDER …")
    if name.startswith(LANES_OWN):
        _check_lane(name.removeprefix(LANES_OWN), directory)
    elif ":" in name.removeprefix(AGENTS_OWN):
        raise InvalidRequest(f"{name!r} is no name for a route; only agent:NAME and lane:NAME have a colon")


def _check_lane(lane: str, directory: Directory) -> None:
    task_type, dot, band = lane.partition(".")
    if task_type not in directory.task_types:
        raise UnknownName("task type", task_type, directory.task_types)
    if dot and band not in list(Band):
        raise UnknownName("band", band, Band)


async def _reset(config: Path | None, name: str, terms: Terms) -> None:
    async with fleet_client(config) as client:
        if name not in (changed := (await client.fleet.controls.read()).routes):
            raise UnknownName("route that was changed by hand:", name, changed)
        await change_route(client, name, None, terms)


def _link(target: str, at: int, directory: Directory) -> ChainLink:
    provider, _, model = target.partition("/")
    facts = directory.providers.get(provider)
    if facts is None:
        raise UnknownName("provider", provider, directory.providers)
    if model and not facts.serves(model):
        raise UnknownName(f"model of {provider}", model, [each.name for each in facts.models])
    return ChainLink(provider=provider, model=model or None, priority=at)


def _seconds(text: str) -> float | None:
    if text == "never":
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise InvalidRequest(f"--spill-after is {text!r}; give seconds, or `never`")
    return seconds
