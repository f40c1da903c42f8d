"""`fleet models`: what the configured providers offer right now, or all that the registry knows."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from ...tasks.errors import FleetUnavailable, UnknownName
from ..registry.knowledge import known_without_asking
from ..registry.listings import Listing, Listings
from ..registry.registry import Registry
from ..registry.syncing import ask_all
from ..settings.kinds import kind_of, known_kinds
from ..settings.load import load_settings
from ..settings.provider import ProviderSettings
from .console import err, out
from .model_rows import Filter, Place, Row, known_rows, rows_of
from .providers_asked import chosen
from .session import ConfigOption, JsonOption, fleet_client, run_async

_Provider = Annotated[str | None, typer.Option("--provider", "-p", help="Only this provider.", show_default=False)]
_Capability = Annotated[
    str | None,
    typer.Option(help="Only models that can do this: code, reasoning, tools, vision, embedding …", show_default=False),
]
_Strength = Annotated[str | None, typer.Option(help="Only models that are good at this task type.", show_default=False)]
_MinContext = Annotated[
    int | None, typer.Option(min=1, help="Only models with so many tokens of context.", show_default=False)
]
_MaxSize = Annotated[
    float | None, typer.Option(min=0, help="Only models of at most so many billion parameters.", show_default=False)
]
_Licence = Annotated[
    str | None,
    typer.Option("--licence", "--license", help="Only weights with this in their licence's name.", show_default=False),
]
_Local = Annotated[bool, typer.Option("--local", help="Only models that run on our own machines.")]
_Free = Annotated[
    bool, typer.Option("--free", help="Only models that cost nothing: local ones, or listed at no price.")
]
_Noted = Annotated[
    bool, typer.Option("--noted", help="What the fleet last heard from its providers; none is asked from here.")
]
_Known = Annotated[bool, typer.Option("--known", help="All that the registry knows; no provider is asked.")]


def models(
    context: typer.Context,
    provider: _Provider = None,
    capability: _Capability = None,
    strength: _Strength = None,
    min_context: _MinContext = None,
    max_size: _MaxSize = None,
    licence: _Licence = None,
    local: _Local = False,
    free: _Free = False,
    noted: _Noted = False,
    known: _Known = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the models that the configured providers offer right now, with what is known of each.

    Where a provider cannot be asked from here, what the fleet has noted of it is shown. Models that are configured, or
    were listed in the last 30 days, and that are listed no longer, are there as such, with what takes their place. Ends
    with code 3 if a provider does not answer.

    The shipped registry knows sizes, contexts, capabilities, strengths and licences; a model_registry.yaml beside the
    configuration adds to it.

    Examples:

      fleet models

      fleet models --provider ollama --capability vision --json

      fleet models --provider openrouter --free

      fleet models --known --strength test-generation --max-size 40 --licence apache
    """
    if context.invoked_subcommand is not None:
        return
    wanted = Filter(
        provider if not known else _type(provider), capability, strength, min_context, max_size, licence, local, free
    )
    registry = known_without_asking(load_settings(config, needed=())).registry
    if known:
        shown = Shown(list(known_rows(registry)))
    elif noted:
        shown = run_async(_noted(config, registry))
    else:
        shown = run_async(_asked(config, chosen(config, provider), registry))
    wanted.check(shown.rows, registry)
    rows = [row for row in shown.rows if wanted.admits(row)]
    if as_json:
        out.print_json(data=[row.fields() for row in rows])
    elif rows:
        out.print(_table(rows))
    elif not shown.remarks:
        out.print("[dim]no such model[/]")
    for remark in shown.remarks:
        (err if as_json else out).print(remark)
    if shown.silent:
        raise typer.Exit(3)


@dataclass(frozen=True, slots=True)
class Shown:
    """remarks: on providers, as markup. silent: providers that were asked and did not answer."""

    rows: list[Row]
    remarks: list[str] = field(default_factory=list[str])
    silent: list[str] = field(default_factory=list[str])


async def _asked(config: Path | None, providers: list[ProviderSettings], registry: Registry) -> Shown:
    """What the providers say now; of those that do not answer, what they said last."""
    answered = await ask_all(providers)
    noted = await _last_noted(config)
    shown = Shown([])
    for each in answered:
        name, last = each.provider.name, noted.get(each.provider.name)
        models = each.models if each.error is None else last.models if last is not None else ()
        if each.error is None or last is not None:
            shown.rows.extend(rows_of(_place(each.provider), models, last, registry))
        if each.error is not None:
            instead = f" (shown as listed {_ago(last.at)})" if last is not None else ""
            shown.remarks.append(f"[red]{escape(name)}[/]: {escape(each.error)}{instead}")
            shown.silent.append(name)
    return shown


def _place(provider: ProviderSettings) -> Place:
    return Place(provider.name, provider.type, provider.tier == "local", frozenset(provider.named_models()))


async def _last_noted(config: Path | None) -> dict[str, Listing]:
    """Nothing where no fleet runs."""
    try:
        async with fleet_client(config) as client:
            return await Listings(client.redis).read()
    except FleetUnavailable:
        return {}


async def _noted(config: Path | None, registry: Registry) -> Shown:
    """What the fleet noted of its providers, wherever they run."""
    async with fleet_client(config) as client:
        listings, directory = await Listings(client.redis).read(), await client.directory()
    shown = Shown([])
    # What is noted of providers that the fleet has no longer concerns nobody.
    for name, listing in sorted((name, each) for name, each in listings.items() if name in directory.providers):
        facts = directory.providers[name]
        configured = {facts.default_model, *facts.model_overrides.values(), *(model.name for model in facts.models)}
        place = Place(name, facts.type, facts.tier == "local", frozenset(filter(None, configured)))
        shown.rows.extend(rows_of(place, listing.models, listing, registry))
        shown.remarks.append(f"[dim]{escape(name)}: as listed {_ago(listing.at)}[/]")
    return (
        shown if shown.remarks else Shown([], ["[dim]nothing is noted yet; `fleet models sync` asks the providers[/]"])
    )


def _ago(at: float) -> str:
    past_s = max(0.0, time.time() - at)
    steps = ((172_800, 86_400, "days"), (7_200, 3_600, "h"), (120, 60, "min"), (0, 1, "s"))
    unit_s, unit = next((unit_s, unit) for least_s, unit_s, unit in steps if past_s >= least_s)
    return f"{past_s / unit_s:.0f} {unit} ago"


def _type(name: str | None) -> str | None:
    """The type's own name. Raises UnknownName."""
    if name is None:
        return None
    if (kind := kind_of(name)) is None:
        raise UnknownName("type of provider", name, known_kinds())
    return kind.name


def _table(rows: list[Row]) -> Table:
    # A name that is cut short cannot be copied.
    name, words = Column("model", overflow="fold"), Column("", overflow="fold")
    table = Table(
        "provider", name, "size", "context", "can", "USD per 1M in/out", "licence", words, box=None, pad_edge=False
    )
    for row in rows:
        size = f"{row.parameters_b:g}B" if row.parameters_b else ""
        window = f"{row.context_tokens:,}" if row.context_tokens else "unknown"
        licence = (row.known.entry.licence if row.known else None) or ""
        can = ", ".join(sorted(row.capabilities))
        state = f"[yellow]{escape(row.state)}[/]" if row.state else ""
        table.add_row(escape(row.provider), escape(row.name), size, window, can, _price(row), licence, state)
    return table


def _price(row: Row) -> str:
    if row.listed is None or row.listed.prices is None:
        return "local" if row.local else ""
    return f"{row.listed.prices.input_usd_per_mtok:g} / {row.listed.prices.output_usd_per_mtok:g}"
