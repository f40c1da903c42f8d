"""`fleet bench slots`: how well one pool uses its slots."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.table import Table

from ..bench.slots import Load, SlotsResult, measure_slots
from ..embedded.server import EmbeddedRedis
from .console import err, out
from .session import JsonOption, run_async


def slots(
    slots: Annotated[int, typer.Option("--slots", min=1, help="Calls at the same time.")] = 128,
    latency: Annotated[float, typer.Option(min=0.01, help="Seconds that the provider takes for an answer.")] = 0.5,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds that each way is measured.")] = 20.0,
    events: Annotated[bool, typer.Option(help="Send task events, as `fleet up` does for Flower.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how much of its slots one pool uses, beside a direct HTTP client and plain Celery.

    All three ask the same simulated provider, one after the other, on a Redis of their own. What counts is what the
    provider has served while they are loaded. Plain Celery is a task that asks with httpx2's client in a threads pool.
    """
    load = Load(slots, latency, seconds, events)
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder, EmbeddedRedis(Path(folder)) as server:
        found = run_async(measure_slots(SecretStr(server.url), Path(folder), _tell, load))
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show(found)


def _show(found: SlotsResult) -> None:
    table = Table("", "jobs/s", "of its slots", "CPU ms a job", "memory MB", box=None, pad_edge=False)
    possible = found.slots / found.latency_s
    for name, rates in (
        ("fleet worker", found.pool),
        ("direct client", found.direct),
        ("plain Celery", found.plain_celery),
    ):
        used = f"{rates.jobs_per_s / possible:.1%}"
        table.add_row(name, f"{rates.jobs_per_s:.1f}", used, f"{rates.cpu_ms_per_job:.2f}", f"{rates.rss_mb:.0f}")
    out.print(table)
    beside = found.pool.cpu_ms_per_job / found.plain_celery.cpu_ms_per_job
    out.print(f"\nThe pool costs {beside:.2f} times the CPU of plain Celery.")


def _tell(line: str) -> None:
    err.print(line, markup=False)
