"""`fleet events`: what happens in the fleet, as its workers tell it."""

import dataclasses
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ...tasks.errors import UnknownName
from ...tasks.fleet_events import FleetEvent, FleetEvents
from ..logs import LEVELS
from ..pool.events import EVENTS
from ..providers.http_client import http_client
from .console import err, out, whole
from .session import ConfigOption, JsonOption, fleet_client, run_async
from .webhook import Webhook, checked

_COLOURS = {"warning": "yellow", "error": "red", "critical": "red"}


def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens from now on.")] = False,
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="Events that have happened already.")] = 20,
    after: Annotated[
        str | None,
        typer.Option("--from", help="Go on after the event with this offset instead, and follow.", show_default=False),
    ] = None,
    level: Annotated[str, typer.Option(help=f"The least that is shown: {', '.join(list(LEVELS)[1:])}.")] = "info",
    names: Annotated[
        list[str] | None,
        typer.Option("--event", "-e", help="Only events of this name; may be repeated.", show_default=False),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option("--webhook", help="Follow, and POST each event as JSON to this URL, too.", show_default=False),
    ] = None,
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

      fleet events --webhook https://chat.example/hooks/abc -e provider.changed -e quota.nearing -e quota.exhausted

      fleet events --known
    """
    if known:
        _list_known(as_json=as_json)
        return
    if level not in LEVELS:
        raise UnknownName("level", level, LEVELS)
    for name in names or ():
        if name not in EVENTS:
            raise UnknownName("event", name, EVENTS)
    wanted = _Wanted(level, frozenset(names or EVENTS))
    url = checked(webhook) if webhook is not None else None
    run_async(_show(config, after, last, wanted, url, follow=follow, as_json=as_json))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which events are shown. level: the least."""

    level: str
    names: frozenset[str]

    def takes(self, event: FleetEvent) -> bool:
        loud = LEVELS.get(event.level, LEVELS["error"]) >= LEVELS[self.level]
        # A fleet of a newer version may tell of what is unknown here.
        return loud and (event.name in self.names or (event.name not in EVENTS and len(self.names) == len(EVENTS)))


async def _show(
    config: Path | None, after: str | None, last: int, wanted: _Wanted, url: str | None, *, follow: bool, as_json: bool
) -> None:
    async with fleet_client(config) as client:
        books = FleetEvents(client.redis)
        seen = await books.last(last) if after is None else []
        for event in filter(wanted.takes, seen):
            _print(event, as_json=as_json)
        if not follow and after is None and url is None:
            if not seen:
                err.print("nothing has been told yet; workers tell what happens", markup=False)
            return
        newest = seen or await books.last(1)
        async with http_client() as http:
            hook = Webhook(url, http) if url is not None else None
            told = books.follow(after or (newest[-1].offset if newest else "0"))
            await _follow(told, wanted, hook, as_json=as_json)


async def _follow(told: AsyncIterator[FleetEvent], wanted: _Wanted, hook: Webhook | None, *, as_json: bool) -> None:
    async for event in told:
        if not wanted.takes(event):
            continue
        _print(event, as_json=as_json)
        # Chats take what is called `text`, and leave the rest.
        said = {"text": f"{event.level}: {event.name} {event.node} {_words(event)}".rstrip(), **_fields(event)}
        if hook is not None and (problem := await hook.tell(said)) is not None:
            err.print(f"the webhook did not take {event.name}: {problem}", markup=False)


def _fields(event: FleetEvent) -> dict[str, Any]:
    return {**dataclasses.asdict(event), "at": datetime.fromtimestamp(event.at, UTC).isoformat()}


def _print(event: FleetEvent, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_fields(event)), flush=True)
        return
    at, colour = datetime.fromtimestamp(event.at, UTC), _COLOURS.get(event.level, "dim")
    what = f"{event.name:22} {escape(event.node)} {escape(_words(event))}"
    out.print(f"{at:%Y-%m-%d %H:%M:%S} [{colour}]{event.level:7}[/] {what}")
    sys.stdout.flush()


def _words(event: FleetEvent) -> str:
    return " ".join(f"{name}={_word(value)}" for name, value in event.fields.items())


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
