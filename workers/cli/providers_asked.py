"""`fleet providers test`: whether the configured providers answer, and which models they have."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ...tasks.errors import NoTarget, UnknownName
from ..providers.dialect import ListedModel
from ..providers.endpoint import AttemptFailed, Endpoint
from ..providers.inspection import Health
from ..providers.sender import Sender
from ..providers.versions import unknown_version
from ..settings.load import load_settings
from ..settings.modes import near
from ..settings.provider import ProviderSettings
from .console import err, out
from .limits_told import keep_told
from .session import ConfigOption, JsonOption, run_async


@dataclass(frozen=True, slots=True)
class Asked:
    """One endpoint's answers. error: why it did not list its models, None if it did."""

    endpoint: Endpoint
    health: Health
    models: tuple[ListedModel, ...] = ()
    error: str | None = None


def check(
    name: Annotated[
        str | None, typer.Argument(help="A provider; all enabled ones if not given.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask each provider whether it answers and which models it has. Nothing that costs money is sent.

    If it tells its limits, the fleet keeps them from now on where they are lower than those that are configured. Ends
    with code 3 if one of them does not answer.

    Examples:

      fleet providers test

      fleet providers test groq --json
    """
    providers = chosen(config, name)
    asked = run_async(_ask(providers))
    told = {each.endpoint.provider: each.health.told for each in asked if each.health.told}
    run_async(keep_told(load_settings(config, needed=()), [(each, told.get(each.name, {})) for each in providers]))
    if as_json:
        out.print_json(data=[_health_fields(each) for each in asked])
    else:
        table = Table("provider", "address", "answers", "ms", "version", "models", "limits", box=None, pad_edge=False)
        for each in asked:
            word = "[green]yes[/]" if each.health.healthy else f"[red]no:[/] {escape(each.health.detail)}"
            listed = escape(each.error) if each.error and each.health.healthy else str(len(each.models))
            ms = f"{each.health.latency_s * 1000:.0f}"
            table.add_row(
                each.endpoint.provider, each.endpoint.base_url, word, ms, each.health.version or "", listed, _told(each)
            )
        out.print(table)
        for each in asked:
            if (why := unknown_version(each.endpoint.row, each.health.version)) is not None:
                err.print(f"[yellow]{each.endpoint.provider}:[/] {escape(why)}; `fleet providers try` shows what works")
    if not all(each.health.healthy and each.error is None for each in asked):
        raise typer.Exit(3)


def chosen(config: Path | None, name: str | None) -> list[ProviderSettings]:
    """The named provider, or all that get jobs. Raises what the user has to correct."""
    settings = load_settings(config, needed=None if name is None else (name,))
    if name is not None and name not in settings.providers:
        raise UnknownName("provider", name, settings.providers)
    found = settings.enabled() if name is None else [settings.providers[name]]
    if not found:
        raise NoTarget({each.name: each.unusable or "disabled" for each in settings.providers.values()})
    return found


async def _ask(providers: Sequence[ProviderSettings]) -> list[Asked]:
    async with Sender(near=near(providers)) as sender:
        lines = [(provider, endpoint) for provider in providers for endpoint in provider.endpoints()]
        return await asyncio.gather(*(_ask_one(sender, *line) for line in lines))


async def _ask_one(sender: Sender, provider: ProviderSettings, endpoint: Endpoint) -> Asked:
    timeout_s = provider.health_check.timeout_s
    health = await sender.health(endpoint, timeout_s=timeout_s)
    if not health.healthy:
        return Asked(endpoint, health, error=health.detail)
    try:
        return Asked(endpoint, health, await sender.models(endpoint, timeout_s=timeout_s))
    except AttemptFailed as failed:
        return Asked(endpoint, health, error=str(failed.failure))


def _told(asked: Asked) -> str:
    return ", ".join(f"{amount:,.0f} {unit} a {period}" for (unit, period), amount in asked.health.told.items())


def _health_fields(asked: Asked) -> dict[str, Any]:
    return {
        "provider": asked.endpoint.provider,
        "endpoint": asked.endpoint.base_url,
        "healthy": asked.health.healthy,
        "latency_ms": round(asked.health.latency_s * 1000, 1),
        "version": asked.health.version,
        "models": [model.name for model in asked.models],
        "limits": {f"{unit}_per_{period}": amount for (unit, period), amount in asked.health.told.items()},
        "error": asked.error,
    }
