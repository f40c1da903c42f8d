"""`fleet models sync`: what the providers list, made known to the fleet."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ...routing.directory import Directory
from ...tasks.client import AsyncClient
from ..registry.informed import Knowledge
from ..registry.knowledge import known_to_fleet
from ..registry.retired import instead_of
from ..registry.syncing import Answered, ask_all, keep
from ..settings.load import load_settings
from .console import out
from .providers_asked import chosen
from .session import ConfigOption, JsonOption, fleet_redis, run_async


def sync(
    provider: Annotated[
        str | None, typer.Option("--provider", "-p", help="Only this provider.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask the providers for their models, and tell the running fleet: contexts, capabilities and prices as they are.

    Each worker does this for its own provider when it starts, and the pools of each provider in turn every 15 minutes
    (`sync_models_s` in the configuration). Ends with code 3 if a provider does not answer.

    Examples:

      fleet models sync

      fleet models sync --provider openrouter --json
    """
    answered, knowledge = run_async(_sync(config, provider))
    if as_json:
        out.print_json(data=[_fields(each, knowledge) for each in answered])
    else:
        out.print(_table(answered, knowledge))
    if any(each.error for each in answered):
        raise typer.Exit(3)


async def _sync(config: Path | None, provider: str | None) -> tuple[list[Answered], Knowledge]:
    settings = load_settings(config, needed=None if provider is None else (provider,))
    async with AsyncClient(fleet_redis(settings)) as client:
        answered = await ask_all(chosen(config, provider))
        await keep(client, answered)
        knowledge = await known_to_fleet(settings, client)
        await _tell(client, knowledge.informed(settings.directory()), [each.provider.name for each in answered])
    return answered, knowledge


async def _tell(client: AsyncClient, ours: Directory, asked: list[str]) -> None:
    """The fleet of the providers that it has and that were asked; of all that is configured if no pool has been here.

    Its routes and its other providers are for its pools to tell: their configuration may be another one.
    """
    known = await client.fleet.published()
    if known is None:
        await client.fleet.publish_directory(ours)
    elif told := {name: ours.providers[name] for name in asked if name in known.providers}:
        await client.fleet.publish_directory(ours.model_copy(update={"providers": told}), whole=False)


def _table(answered: list[Answered], knowledge: Knowledge) -> Table:
    table = Table("provider", "lists", "in the registry", "configured, not listed", "", box=None, pad_edge=False)
    for each in answered:
        error = f"[red]{escape(each.error)}[/]" if each.error else ""
        missing = ", ".join(_with_instead(each, name, knowledge) for name in each.missing)
        table.add_row(
            escape(each.provider.name),
            str(len(each.models)),
            str(_in_registry(each, knowledge)),
            f"[yellow]{escape(missing)}[/]",
            error,
        )
    return table


def _with_instead(answered: Answered, name: str, knowledge: Knowledge) -> str:
    instead = instead_of(answered.provider.type, name, knowledge.registry)
    return f"{name} (retired, use {instead})" if instead else name


def _in_registry(answered: Answered, knowledge: Knowledge) -> int:
    type_ = answered.provider.type
    return sum(knowledge.registry.find(type_, model.name) is not None for model in answered.models)


def _fields(answered: Answered, knowledge: Knowledge) -> dict[str, Any]:
    return {
        "provider": answered.provider.name,
        "models": [model.name for model in answered.models],
        "in_registry": _in_registry(answered, knowledge),
        "missing": {name: instead_of(answered.provider.type, name, knowledge.registry) for name in answered.missing},
        "error": answered.error,
    }
