"""`fleet providers list`: the configured providers, or the types that a provider may have."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from ..providers.registered import installed_types, known_row, where_from
from ..providers.rows import ROWS, Row
from ..settings.kinds import why_broken
from ..settings.load import load_settings
from ..settings.provider import ProviderSettings
from ..settings.report import key_words, why_not
from .console import err, out
from .session import ConfigOption, JsonOption

#: Who brings the types that no package brings.
_OURS = "workfleet"


@dataclass(frozen=True, slots=True)
class Type:
    """One type of provider. brought_by: name and version of the package. broken: why it can't be used."""

    type: str
    dialect: str | None
    tier: str | None
    base_url: str | None
    key_variables: tuple[str, ...]
    brought_by: str
    broken: str | None = None


def types() -> Iterator[Type]:
    """Ours, then those of packages."""
    for name, row in ROWS.items():
        yield _type(name, row, _OURS)
    for name in installed_types():
        packages = ", ".join(each.package for each in where_from(name))
        yield _type(name, known_row(name), packages, why_broken(name))


def _type(name: str, row: Row | None, brought_by: str, broken: str | None = None) -> Type:
    if row is None:
        return Type(name, None, None, None, (), brought_by, broken)
    return Type(name, row.dialect, row.tier, row.base_url, row.key_variables, brought_by, broken)


def list_providers(
    of_types: Annotated[
        bool, typer.Option("--types", help="The types that a provider may have, also those that packages bring.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the configured providers, or with --types all that can be configured. Nobody is asked.

    Examples:

      fleet providers list

      fleet providers list --types --json
    """
    if of_types:
        _show_types(as_json=as_json)
    else:
        _show_configured(config, as_json=as_json)


def _show_configured(config: Path | None, *, as_json: bool) -> None:
    providers = load_settings(config, needed=()).providers.values()
    if as_json:
        out.print_json(data=[_fields(each) for each in providers])
        return
    table = _table("provider", "type", "tier", "address", "model", "key", "gets jobs")
    for each in providers:
        why = why_not(each)
        table.add_row(
            escape(each.name),
            each.type,
            each.tier,
            escape(", ".join(each.base_urls)),
            escape(each.default_choice() or "as it lists"),
            escape(key_words(each)),
            "[green]yes[/]" if why is None else f"[yellow]no:[/] {escape(why)}",
        )
    out.print(table if providers else "no provider is configured; `fleet init` writes a configuration")


def _fields(provider: ProviderSettings) -> dict[str, Any]:
    return {
        "name": provider.name,
        "type": provider.type,
        "tier": provider.tier,
        "base_urls": list(provider.base_urls),
        "default_model": provider.default_choice(),
        "key": key_words(provider),
        "why_not": why_not(provider),
    }


def _show_types(*, as_json: bool) -> None:
    found = list(types())
    if as_json:
        out.print_json(data=[asdict(each) for each in found])
        return
    table = _table("type", "API", "tier", "address", "key", "brought by")
    for each in found:
        brought_by = f"[red]{escape(each.brought_by)}, broken[/]" if each.broken else escape(each.brought_by)
        keys = " or ".join(each.key_variables)
        table.add_row(escape(each.type), each.dialect or "", each.tier or "", each.base_url or "", keys, brought_by)
    out.print(table)
    for each in found:
        if each.broken:
            err.print(f"[red]{escape(each.type)}:[/] {escape(each.broken)}", soft_wrap=True)


def _table(*columns: str) -> Table:
    # What is cut short cannot be copied.
    return Table(*(Column(name, overflow="fold") for name in columns), box=None, pad_edge=False)
