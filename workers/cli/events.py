"""`fleet events`: what happens in the fleet, as its workers tell it."""

import dataclasses
import json
import sys
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ...tasks.errors import UnknownName
from ...tasks.fleet_events import FleetEvent, FleetEvents
from ..events import EVENTS
from ..logs import LEVELS
from .console import err, out, whole
from .session import ConfigOption, JsonOption, fleet_client, run_async

_COLOURS = {"warning": "yellow", "error": "red", "critical": "red"}


def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens from now on.")] = False,
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="Events that have happened already.")] = 20,
    after: Annotated[
        str | None,
        typer.Option("--from", help="Go on after the event with this offset instead, and follow.", show_default=False),
    ] = None,
    level: Annotated[str, typer.Option(help=f"The least that is shown: {', '.join(list(LEVELS)[1:])}.")] = "info",
    known: Annotated[bool, typer.Option("--known", help="Instead, list every event with its fields.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what happens in the fleet: providers that go and come, breakers, quotas, workers, jobs that fail.

    Every worker tells its events to the fleet's Redis, and so does `fleet up`, as fleet@HOST; about the last 10,000 are
    kept. With --json each is a line with its offset; `--from` that offset goes on after it. Flower gets them as
    Celery's events of kind `workfleet-…`.

    Examples:

      fleet events --last 100 --level warning

      fleet events --follow --json

      fleet events --known
    """
    if known:
        _list_known(as_json=as_json)
        return
    if level not in LEVELS:
        raise UnknownName("level", level, LEVELS)
    run_async(_show(config, after, last, follow=follow, level=level, as_json=as_json))


async def _show(config: Path | None, after: str | None, last: int, *, follow: bool, level: str, as_json: bool) -> None:
    async with fleet_client(config) as client:
        books = FleetEvents(client.redis)
        seen = await books.last(last) if after is None else []
        for event in _from(seen, level):
            _print(event, as_json=as_json)
        if not follow and after is None:
            if not seen:
                err.print("nothing has been told yet; workers tell what happens", markup=False)
            return
        newest = seen or await books.last(1)
        await _follow(books.follow(after or (newest[-1].offset if newest else "0")), level, as_json=as_json)


async def _follow(told: AsyncIterator[FleetEvent], level: str, *, as_json: bool) -> None:
    async for event in told:
        for shown in _from([event], level):
            _print(shown, as_json=as_json)


def _from(told: Iterable[FleetEvent], level: str) -> list[FleetEvent]:
    return [event for event in told if LEVELS.get(event.level, LEVELS["error"]) >= LEVELS[level]]


def _print(event: FleetEvent, *, as_json: bool) -> None:
    at = datetime.fromtimestamp(event.at, UTC)
    if as_json:
        print(json.dumps({**dataclasses.asdict(event), "at": at.isoformat()}), flush=True)
        return
    fields = " ".join(f"{name}={_word(value)}" for name, value in event.fields.items())
    colour = _COLOURS.get(event.level, "dim")
    line = f"{at:%Y-%m-%d %H:%M:%S} [{colour}]{event.level:7}[/] {event.name:22} {escape(event.node)} {escape(fields)}"
    out.print(line)
    sys.stdout.flush()


def _word(value: object) -> str:
    if value is None:
        return "-"
    return f'"{value}"' if isinstance(value, str) and (" " in value or not value) else str(value)


def _list_known(*, as_json: bool) -> None:
    if as_json:
        out.print_json(data={name: {"meaning": each.meaning, "fields": each.fields} for name, each in EVENTS.items()})
        return
    table = Table("event", "when", "fields", box=None, pad_edge=False)
    for name, each in EVENTS.items():
        table.add_row(name, escape(each.meaning), ", ".join(each.fields))
    whole.print(table)
