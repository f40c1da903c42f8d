"""`fleet bench selection`: whether the models that the strategies choose are those that are recommended."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from ..bench.selection import CHOOSING, Selection, measure_selection
from ..registry.knowledge import known_without_asking
from ..settings.load import load_settings
from .console import out
from .session import ConfigOption, JsonOption


def selection(
    every_line: Annotated[bool, typer.Option("--all", help="Show the lines that match, too.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Measure how often the strategies that choose a model choose one that is recommended for the work.

    The table has work of every kind and band in ten fleets, with the models that the recommendations behind this fleet
    name for it; each line says which. It is asked with the shipped registry and prices, or with your own registry, if
    you have one; no provider is asked, and nothing needs to run.

    Examples:

      fleet bench selection

      fleet bench selection --all

      fleet bench selection --json
    """
    found = measure_selection(known_without_asking(load_settings(config, needed=())))
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show(found, every_line=every_line)


def _show(found: Selection, *, every_line: bool) -> None:
    lines = [line for line in found.lines if every_line or not line.matches]
    if lines:
        table = Table("", "work", "fleet", "strategy", "chosen", "recommended", "by", box=None, pad_edge=False)
        for line in lines:
            asked = ", ".join(
                [*sorted(line.case.needs), *([f"{line.case.tokens:,} tokens"] if line.case.tokens else [])]
            )
            table.add_row(
                Text("yes", "green") if line.matches else Text("no", "yellow"),
                f"{line.case.task}.{line.band}" + (f" ({asked})" if asked else ""),
                line.case.fleet,
                line.strategy,
                Text(line.chosen or "-"),
                Text(", ".join(line.case.accept)),
                line.case.source,
            )
        out.print(table)
        out.print()
    shares = Table("strategy", "lines", "recommended", box=None, pad_edge=False)
    for strategy in CHOOSING:
        shares.add_row(strategy, str(len(found.of(strategy))), f"{found.share(strategy):.1%}")
    shares.add_row("all", str(len(found.lines)), f"{found.share():.1%}", style="bold")
    out.print(shares)
