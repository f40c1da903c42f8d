"""`fleet providers test`: whether the configured providers answer, and which models they have."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
from ..registry.discovery import choosable
from ..settings.load import load_settings
from ..settings.modes import near
from ..settings.provider import ProviderSettings
from .console import err, out
from .limits_told import keep_told
from .session import ConfigOption, JsonOption, run_async


@dataclass(frozen=True, slots=True)
class Ping:
    """What a model did that was to say one token. works: None if it was not asked; words: why not, or what failed."""

    model: str | None
    works: bool | None
    seconds: float | None = None
    words: str = ""

    def __str__(self) -> str:
        if self.works:
            return f"[green]{escape(self.model or '')}[/] in {(self.seconds or 0.0) * 1000:.0f} ms"
        return f"[{'yellow' if self.works is None else 'red'}]no:[/] {escape(self.words)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One endpoint's answers. error: why it did not list its models, None if it did. ping: what a model did that was
    asked for a token, None if none was."""

    endpoint: Endpoint
    health: Health
    models: tuple[ListedModel, ...] = ()
    error: str | None = None
    ping: Ping | None = None

    @property
    def works(self) -> bool:
        return self.health.healthy and self.error is None and (self.ping is None or self.ping.works is not False)


def check(
    name: Annotated[
        str | None, typer.Argument(help="A provider; all enabled ones if not given.", show_default=False)
    ] = None,
    ping: Annotated[
        bool, typer.Option("--ping", help="Ask its model for one token, too. Hosted providers may charge for it.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask each provider whether it answers and which models it has. Without --ping, nothing that costs money is sent.

    If it tells its limits, the fleet keeps them from now on where they are lower than those that are configured. Ends
    with code 3 if one of them does not answer. A model that a server of your own would have to load is not pinged.

    Examples:

      fleet providers test

      fleet providers test groq --json

      fleet providers test ollama --ping
    """
    providers = chosen(config, name)
    if ping and (hosted := [each.name for each in providers if each.tier == "hosted"]):
        err.print(f"one token is asked of {', '.join(hosted)}, which may charge for it")
    asked = run_async(_ask(providers, ping=ping))
    told = {each.endpoint.provider: each.health.told for each in asked if each.health.told}
    run_async(keep_told(load_settings(config, needed=()), [(each, told.get(each.name, {})) for each in providers]))
    if as_json:
        out.print_json(data=[_health_fields(each) for each in asked])
    else:
        columns = (
            "provider",
            "address",
            "answers",
            "ms",
            "version",
            "models",
            "limits",
            *(("one token",) if ping else ()),
        )
        table = Table(*columns, box=None, pad_edge=False)
        for each in asked:
            word = "[green]yes[/]" if each.health.healthy else f"[red]no:[/] {escape(each.health.detail)}"
            listed = escape(each.error) if each.error and each.health.healthy else str(len(each.models))
            ms = f"{each.health.latency_s * 1000:.0f}"
            pinged = (str(each.ping or "[red]not asked[/]"),) if ping else ()
            version = each.health.version or ""
            table.add_row(
                each.endpoint.provider, each.endpoint.base_url, word, ms, version, listed, _told(each), *pinged
            )
        out.print(table)
        for each in asked:
            if (why := unknown_version(each.endpoint.row, each.health.version)) is not None:
                err.print(f"[yellow]{each.endpoint.provider}:[/] {escape(why)}; `fleet providers try` shows what works")
    if not all(each.works for each in asked):
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


async def _ask(providers: Sequence[ProviderSettings], *, ping: bool) -> list[Asked]:
    async with Sender(near=near(providers)) as sender:
        lines = [(provider, endpoint) for provider in providers for endpoint in provider.endpoints()]
        return await asyncio.gather(*(_ask_one(sender, *line, ping=ping) for line in lines))


async def _ask_one(sender: Sender, provider: ProviderSettings, endpoint: Endpoint, *, ping: bool) -> Asked:
    timeout_s = provider.health_check.timeout_s
    health = await sender.health(endpoint, timeout_s=timeout_s)
    if not health.healthy:
        return Asked(endpoint, health, error=health.detail)
    models: tuple[ListedModel, ...] = ()
    error: str | None = None
    if endpoint.row.listing_paths:
        try:
            models = await sender.models(endpoint, timeout_s=timeout_s)
        except AttemptFailed as failed:
            error = str(failed.failure)
    return Asked(endpoint, health, models, error, await _ping(sender, provider, endpoint, models) if ping else None)


async def _ping(sender: Sender, provider: ProviderSettings, endpoint: Endpoint, models: Sequence[ListedModel]) -> Ping:
    """One token of the model that jobs mostly want. What would have to be loaded first could put another one out."""
    model = provider.default_choice() or next(iter(choosable(provider, models)), None)
    if model is None:
        return Ping(None, None, words="no model is configured, and it lists none")
    try:
        if provider.tier == "local" and await sender.resident(endpoint, model) is False:
            return Ping(model, None, words=f"{model} is not loaded")
        limit_s = max(provider.health_check.timeout_s, provider.timeouts.first_token_s)
        return Ping(model, True, await sender.ping(endpoint, model, limit_s))
    except AttemptFailed as failed:
        return Ping(model, False, words=str(failed.failure))


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
        "ping": None if asked.ping is None else asdict(asked.ping),
    }
