"""`fleet route show, history, restore`: what a route is, what it was, and back to that."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ...tasks.errors import InvalidRequest, UnknownName
from ...tasks.route_versions import KEPT, RouteVersion
from .console import out
from .route_change import By, IfVersion, RouteName, Terms, change_route
from .route_view import chain, facts, fields, links, origin
from .session import ConfigOption, JsonOption, fleet_client, run_async

#: What stands for the configuration among the versions of a route.
AS_CONFIGURED = "as configured"


def show_route(name: RouteName, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show one route of the running fleet: its targets with their roles, its strategy, and its version.

    Example:

      fleet route show default
    """
    run_async(_show(config, name, as_json))


def history(name: RouteName, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show what a route has been: each change by hand, newest first, with its number, time and author.

    Example:

      fleet route history default --json
    """
    run_async(_history(config, name, as_json))


def restore(
    name: RouteName,
    version: Annotated[int, typer.Argument(min=0, help="A version of its history; 0 is as configured.")],
    if_version: IfVersion = None,
    by: By = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Have a route be what it was at a version. That is a change like any other, with a version of its own.

    Examples:

      fleet route history default

      fleet route restore default 3
    """
    run_async(_restore(config, name, version, Terms(if_version, by, as_json)))


async def _show(config: Path | None, name: str, as_json: bool) -> None:
    async with fleet_client(config) as client:
        directory, control = await client.directory(), await client.fleet.controls.read()
    route = directory.routes.get(name)
    if route is None:
        raise UnknownName("route", name, directory.routes)
    if as_json:
        out.print_json(data=fields(route, control))
        return
    out.print(Text.assemble("route ", (name, "bold"), f": {facts(route)}; {origin(name, control)}"))
    out.print(links(route))


async def _history(config: Path | None, name: str, as_json: bool) -> None:
    async with fleet_client(config) as client:
        directory, control = await client.directory(), await client.fleet.controls.read()
        versions = await client.fleet.controls.versions.of(name)
    if not versions and name not in directory.routes:
        raise UnknownName("route", name, {*directory.routes, *control.versions})
    if as_json:
        out.print_json(data=[_fields(version) for version in versions])
        return
    if not versions:
        out.print(f"{name} was never changed by hand", markup=False)
        return
    table = Table("version", "changed at", "by", "chain", "", box=None, pad_edge=False)
    for version in versions:
        said = (chain(version.route), facts(version.route)) if version.route else (AS_CONFIGURED, "")
        table.add_row(str(version.number), _time(version), Text(version.by), Text(said[0]), Text(said[1]))
    if versions[-1].number == 1:
        table.add_row("0", "", "", AS_CONFIGURED, "")
    out.print(table)


async def _restore(config: Path | None, name: str, number: int, terms: Terms) -> None:
    async with fleet_client(config) as client:
        known = {version.number: version.route for version in await client.fleet.controls.versions.of(name)}
        if not known:
            raise InvalidRequest(f"route {name!r} was never changed by hand, so that it has no other version")
        if number and number not in known:
            raise InvalidRequest(
                f"route {name!r} has no version {number}; the last {KEPT} are kept: {', '.join(map(str, known))}"
            )
        await change_route(client, name, known.get(number), terms)


def _fields(version: RouteVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "changed_at": datetime.fromtimestamp(version.at, UTC).isoformat(),
        "by": version.by or None,
        "route": version.route.model_dump(mode="json") if version.route else None,
    }


def _time(version: RouteVersion) -> str:
    return datetime.fromtimestamp(version.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
