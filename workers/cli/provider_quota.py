"""`fleet providers quota`: how much of each provider's limits is used, and when it will be gone or whole again."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ...tasks.client import AsyncClient
from ...tasks.errors import UnknownName
from ..limits.books import LimitBooks
from ..limits.standing import Standing, standings
from ..settings.load import load_settings
from ..settings.provider import ProviderSettings
from .console import out
from .session import ConfigOption, JsonOption, fleet_redis, run_async

#: Shares of a limit from which it is shown in yellow, and in red.
_NEAR, _VERY_NEAR = 0.8, 0.9


def quota(
    provider: Annotated[
        str | None, typer.Argument(help="Only this provider; all enabled ones if not given.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show each provider's limits: what is used and left, when it is back, and when it is gone at this rate.

    Limits are those of the configuration, others that were set by hand, or lower ones that the provider told.

    Examples:

      fleet providers quota

      fleet providers quota groq --json
    """
    found = run_async(_standings(config, provider))
    if as_json:
        out.print_json(data=[_fields(each) for each in found])
    elif found:
        out.print(_table(found))
    else:
        out.print("no limits are known; say `limits:` of a provider, or let it tell its own with the first answer")


async def _standings(config: Path | None, name: str | None) -> list[Standing]:
    settings = load_settings(config, needed=())
    if name is not None and name not in settings.providers:
        raise UnknownName("provider", name, settings.providers)
    chosen: list[ProviderSettings] = settings.enabled() if name is None else [settings.providers[name]]
    async with AsyncClient(fleet_redis(settings)) as client:
        by_hand = await client.fleet.controls.read()
        chosen = [each.with_limits(by_hand.of(each.name).limits()) for each in chosen]
        return await standings(LimitBooks(client.redis, namespace=client.store.namespace), chosen)


def _table(found: list[Standing]) -> Table:
    table = Table("provider", "limit", "of", "used", "left", "resets in", "at this rate", box=None, pad_edge=False)
    for each in found:
        who = each.provider if each.scope == each.provider else f"{each.provider} ({_whose(each)})"
        forecast = "" if each.runs_out_in_s is None else f"gone in {_span(each.runs_out_in_s)}"
        if each.paused_s > 0:
            forecast = f"[red]asked us to wait {_span(each.paused_s)}[/]"
        resets = "" if each.resets_in_s is None else _span(each.resets_in_s)
        table.add_row(who, f"{each.limit:,.0f}", each.of, _coloured(each), f"{each.left:,.0f}", resets, forecast)
    return table


def _whose(each: Standing) -> str:
    return each.scope.removeprefix(f"{each.provider}/")


def _coloured(each: Standing) -> str:
    share = each.used / each.limit
    colour = "red" if share >= _VERY_NEAR else "yellow" if share >= _NEAR else "default"
    return f"[{colour}]{each.used:,.0f} ({share:.0%})[/]"


def _span(seconds: float) -> str:
    """As in `2 h 05 min`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{hours // 24} days"


def _fields(each: Standing) -> dict[str, Any]:
    spans = {
        name: None if (value := getattr(each, name)) is None else round(value, 1)
        for name in ("resets_in_s", "runs_out_in_s", "paused_s")
    }
    return {**asdict(each), "left": each.left, **spans}
