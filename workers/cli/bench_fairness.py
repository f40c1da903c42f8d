"""`fleet bench fairness`: how long a small agent's jobs take behind the many of another."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.table import Table

from ...routing.lanes import Priority
from ..bench.fairness import FairnessOptions, FairnessResult, measure_fairness
from ..embedded.server import EmbeddedRedis
from .console import err, out
from .session import JsonOption, run_async

_WAYS = {Priority.BATCH: "in a batch", Priority.INTERACTIVE: "as single jobs"}


def fairness(
    small: Annotated[int, typer.Option(min=1, help="Jobs of the small agent.")] = 10,
    large: Annotated[int, typer.Option(min=1, help="Jobs of the large agent, which wait before them.")] = 50_000,
    slots: Annotated[int, typer.Option(min=1, help="Slots of the pool.")] = 16,
    turns: Annotated[int, typer.Option(min=1, help="How often each is measured; the median counts.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Measure how long a few jobs of one agent take behind tens of thousands of another, beside their time alone.

    A simulated provider answers in half a second. Both agents hand in their jobs in batches, then both as single jobs.

    Examples:

      fleet bench fairness

      fleet bench fairness --large 5000 --slots 4 --json
    """
    options = FairnessOptions(small, large, slots, turns)
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder, EmbeddedRedis(Path(folder)) as server:
        found = run_async(measure_fairness(SecretStr(server.url), Path(folder), _tell, options))
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show(found)


def _show(found: FairnessResult) -> None:
    table = Table("handed in", "alone", "behind", "times as long", box=None, pad_edge=False)
    for way, wait in found.waits.items():
        table.add_row(_WAYS[way], f"{wait.alone_s:.2f} s", f"{wait.behind_s:.2f} s", f"{wait.ratio:.2f}")
    out.print(table)
    options = found.options
    out.print(
        f"\n{options.small} jobs of one agent, behind {options.large:,} of another; a pool of {options.slots} slots; "
        f"medians of {options.turns}."
    )


def _tell(line: str) -> None:
    err.print(line, markup=False)
