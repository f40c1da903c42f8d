"""`fleet bench failover`: what it costs when a provider dies under load."""

import math
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.table import Table

from ...tasks.errors import UnknownName
from ..bench.failover import FAULTS, FailoverOptions, FailoverResult, measure_failover
from ..bench.failover_cost import Cost
from ..embedded.server import EmbeddedRedis
from .console import err, out
from .session import JsonOption, run_async


def failover(
    jobs: Annotated[int, typer.Option(min=50, help="Jobs of each run.")] = 600,
    slots: Annotated[int, typer.Option(min=1, help="Calls at the same time, of each provider.")] = 16,
    shared: Annotated[
        bool, typer.Option("--shared", help="Let both take jobs all along: what falls back waits for a slot.")
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(help=f"Only this one of {', '.join(FAULTS)}. May be repeated.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how soon the jobs of a provider that dies are at the next one, and how soon it is used again.

    Two simulated providers answer a stream of 60 tokens in 0.2 s. When a third of the jobs is done, the first is
    killed, hangs, or answers 500; when all are done, it is mended. The time of a switch runs from a job's first failure
    until the second provider is asked, and to the first byte of its answer. With --shared, that one is full when the
    first dies, and a job can also wait for the end of one of its calls.

    Examples:

      fleet bench failover

      fleet bench failover --fault hanging --slots 48 --jobs 1500

      fleet bench failover --shared --json
    """
    for each in fault or ():
        if each not in FAULTS:
            raise UnknownName("fault", each, FAULTS)
    options = FailoverOptions(jobs, slots, shared, tuple(fault or FAULTS))
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder, EmbeddedRedis(Path(folder)) as server:
        found = run_async(measure_failover(SecretStr(server.url), Path(folder), _tell, options))
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show(found)


def _show(found: FailoverResult) -> None:
    times = ("asked, p99 ms", "first byte, p50 ms", "p99 ms")
    calls = ("calls to the dead", "the other's take")
    columns = ("the provider", "switched", *times, "lost", *calls, "makespan", "back after")
    table = Table(*columns, box=None, pad_edge=False)
    for name, cost in found.faults.items():
        table.add_row(
            f"is {name}" if name != "errors" else "answers 500",
            str(cost.switched),
            f"{cost.asked_p99_ms:.0f}",
            f"{cost.switch_p50_ms:.0f}",
            f"{cost.switch_p99_ms:.0f}",
            str(cost.lost),
            str(cost.calls_to_dead),
            _beside(cost),
            f"{cost.makespan_ratio:.2f} times",
            f"{cost.back_s:.1f} s",
        )
    out.print(table)
    out.print(f"\n{found.options.jobs} jobs take {found.undisturbed_s:.1f} s when nothing happens.")


def _beside(cost: Cost) -> str:
    """How long the other provider's calls take, and how much longer than before."""
    slowed = "" if math.isnan(cost.other_slowed) else f", {cost.other_slowed:.2f} times"
    return f"{cost.other_ms:.0f} ms{slowed}"


def _tell(line: str) -> None:
    err.print(line, markup=False)
