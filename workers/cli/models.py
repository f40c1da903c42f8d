"""`fleet models`: what the configured providers offer right now, or all that the registry knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ..providers.dialect import ListedModel
from ..registry.knowledge import known_without_asking
from ..registry.registry import Known, Registry
from ..registry.syncing import Answered, ask_all
from ..settings.kinds import kind_of
from ..settings.load import load_settings
from .console import out
from .providers_asked import chosen
from .session import ConfigOption, JsonOption, run_async


@dataclass(frozen=True, slots=True)
class Row:
    """One model at one provider. known: to the registry. listed: by the provider; None if it was not asked."""

    provider: str
    name: str
    local: bool
    known: Known | None
    listed: ListedModel | None = None

    @property
    def context_tokens(self) -> int | None:
        return (self.listed.context_tokens if self.listed else None) or (
            self.known.context_tokens if self.known else None
        )

    @property
    def capabilities(self) -> frozenset[str]:
        said = self.listed.capabilities if self.listed else None
        return frozenset((*(said or ()), *(self.known.entry.capabilities if self.known else ())))

    @property
    def parameters_b(self) -> float | None:
        return self.known.entry.parameters_b if self.known else None

    @property
    def state(self) -> str:
        """Why it had better not be used, empty if it may be."""
        if self.known is None or self.known.offer is None or not self.known.retired:
            return ""
        instead = self.known.offer.replaced_by
        return f"retired, use {instead}" if instead else "retired"


@dataclass(frozen=True, slots=True)
class Filter:
    provider: str | None
    capability: str | None
    strength: str | None
    min_context: int | None
    max_size_b: float | None
    licence: str | None
    local: bool

    def admits(self, row: Row) -> bool:
        """A model of which something is unknown is not admitted by a filter for that."""
        entry = row.known.entry if row.known else None
        return (
            (self.provider is None or row.provider == self.provider)
            and (self.capability is None or self.capability in row.capabilities)
            and (self.strength is None or (entry is not None and self.strength in entry.strengths))
            and (self.min_context is None or (row.context_tokens or 0) >= self.min_context)
            and (self.max_size_b is None or (row.parameters_b is not None and row.parameters_b <= self.max_size_b))
            and (self.licence is None or self.licence.lower() in ((entry.licence if entry else "") or "").lower())
            and (row.local or not self.local)
        )


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
    known: _Known = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the models that the configured providers offer right now, with what is known of each.

    The shipped registry knows sizes, contexts, capabilities, strengths and licences; a model_registry.yaml beside the
    configuration adds to it.

    Examples:

      fleet models

      fleet models --provider ollama --capability vision --json

      fleet models --known --strength test-generation --max-size 40 --licence apache
    """
    if context.invoked_subcommand is not None:
        return
    wanted = Filter(
        provider if not known else _type(provider), capability, strength, min_context, max_size, licence, local
    )
    answered: list[Answered] = []
    if known:
        rows = list(_known(known_without_asking(load_settings(config, needed=())).registry))
    else:
        answered = run_async(ask_all(chosen(config, provider)))
        registry = known_without_asking(load_settings(config, needed=())).registry
        rows = [row for each in answered for row in _offered(each, registry)]
    rows = [row for row in rows if wanted.admits(row)]
    if as_json:
        out.print_json(data=[_fields(row) for row in rows])
    else:
        out.print(_table(rows))
    for each in answered:
        if each.error and not as_json:
            out.print(f"[red]{escape(each.provider.name)}[/]: {escape(each.error)}")


def _type(name: str | None) -> str | None:
    kind = kind_of(name) if name else None
    return kind.name if kind else name


def _known(registry: Registry) -> Iterator[Row]:
    for entry in registry.entries.values():
        for type_, offer in entry.offers.items():
            kind = kind_of(type_)
            yield Row(type_, offer.name, kind is not None and kind.local, Known(entry, offer))


def _offered(answered: Answered, registry: Registry) -> Iterator[Row]:
    provider = answered.provider
    for model in answered.models:
        yield Row(provider.name, model.name, model.local, registry.find(provider.type, model.name), model)


def _table(rows: list[Row]) -> Table:
    table = Table(
        "provider", "model", "size", "context", "can", "USD per 1M in/out", "licence", "", box=None, pad_edge=False
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


def _fields(row: Row) -> dict[str, Any]:
    entry, offer = (row.known.entry, row.known.offer) if row.known else (None, None)
    prices = row.listed.prices if row.listed else None
    facts = entry.model_dump(mode="json", exclude={"offers", "capabilities", "context_tokens"}) if entry else {}
    return {
        "provider": row.provider,
        "model": row.name,
        "local": row.local,
        "context_tokens": row.context_tokens,
        "capabilities": sorted(row.capabilities),
        "prices": {"input_usd_per_mtok": prices.input_usd_per_mtok, "output_usd_per_mtok": prices.output_usd_per_mtok}
        if prices
        else None,
        "known": facts or None,
        "retired": row.known.retired if row.known else False,
        "replaced_by": offer.replaced_by if offer else None,
        "tokens_per_s": offer.tokens_per_s if offer else None,
    }
