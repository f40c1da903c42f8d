"""`fleet usage export`: what calls came to, for other programs."""

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ...tasks.client import AsyncClient
from ...tasks.errors import InvalidRequest
from ...tasks.usage_books import UsageBooks
from ..metrics.exposition import exposed
from ..metrics.gathering import fleet_metrics
from ..settings.load import load_settings
from ..settings.schema import Settings
from .days import span
from .session import ConfigOption, fleet_redis, run_async
from .usage_table import sum_fields


class Format(StrEnum):
    JSON = "json"
    PROMETHEUS = "prometheus"


def export(
    format: Annotated[Format, typer.Option("--format", "-f", help="What to write.")] = Format.JSON,  # noqa: A002 - its option's name
    since: Annotated[
        str | None, typer.Option("--since", help="First day of json, in UTC; 30d if not given.", show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Last day of json, in UTC; today if not given.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; standard output if not given.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write what calls came to for other programs.

    json: an object for each day, target, task type, agent, outcome and source of the cost. prometheus: the text that
    Prometheus reads, with the queues, pools and breakers of this moment and the counters of all time; --output suits
    the textfile collector of a node exporter, since the file is replaced in one step.

    Examples:

      fleet usage export --format json --since 7d -o usage.json

      fleet usage export --format prometheus
    """
    if format is Format.PROMETHEUS and (since or until):
        raise InvalidRequest("--since and --until are for json; Prometheus wants counters of all time")
    text = run_async(_text(load_settings(config, needed=()), format, since or "30d", until or "today"))
    if output is None:
        sys.stdout.write(text)
    else:
        _replace(output, text)


async def _text(settings: Settings, format: Format, since: str, until: str) -> str:  # noqa: A002 - as its option
    async with AsyncClient(fleet_redis(settings)) as client:
        if format is Format.JSON:
            return json.dumps(await _rows(client, since, until), indent=2) + "\n"
        namespace = client.store.namespace
        found = await fleet_metrics(client.redis, namespace=namespace, providers=settings.enabled())
        return exposed(found)[0].decode()


async def _rows(client: AsyncClient, since: str, until: str) -> list[dict[str, Any]]:
    books = UsageBooks(client.redis, namespace=client.store.namespace)
    first, last = span(since, until, await books.today())
    return [
        {"day": day, "provider": row.provider, "model": row.model}
        | {name: value for name, value in asdict(row).items() if name != "target"}
        | {"calls": sums.calls}
        | sum_fields(sums)
        for day, table in (await books.days(first, last)).items()
        for row, sums in sorted(table.items())
    ]


def _replace(file: Path, text: str) -> None:
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_text(text)
        beside.replace(file)
    except OSError as refused:
        raise InvalidRequest(f"cannot write {file}: {refused.strerror}") from None
