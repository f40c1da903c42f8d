"""`fleet bench slots`: how well one pool uses its slots, and what a job costs."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.table import Table

from ..bench.slots import SlotsOptions, SlotsResult, measure_slots
from ..embedded.server import EmbeddedRedis
from .console import err, out
from .session import JsonOption, run_async


def slots(
    slots: Annotated[int, typer.Option("--slots", min=1, help="Calls at the same time.")] = 128,
    latency: Annotated[float, typer.Option(min=0.01, help="Seconds that the provider takes for an answer.")] = 0.5,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds to measure the pool; the rest is half as long.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Measure how much of its slots one pool uses, and what a job costs, beside a direct client and plain Celery.

    A real worker process runs jobs against a simulated provider that takes the same time for each: as it runs by
    default, and without task events. With the same load on the same machine: an asyncio client that does nothing but
    call, and a plain Celery task in the threads pool that calls with httpx2, the continuation of httpx.

    Examples:

      fleet bench slots

      fleet bench slots --slots 64 --latency 2 --seconds 60 --json
    """
    options = SlotsOptions(slots, latency, seconds)
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder, EmbeddedRedis(Path(folder)) as server:
        found = run_async(measure_slots(SecretStr(server.url), Path(folder), _tell, options))
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show(found)


def _show(found: SlotsResult) -> None:
    table = Table("", "jobs/s", "slots used", "CPU ms a job", "beside direct", "RSS MB", box=None, pad_edge=False)
    for name, load in (
        ("fleet worker", found.pool),
        ("fleet worker --no-events", found.without_events),
        ("plain Celery", found.plain_celery),
        ("direct client", found.direct),
    ):
        table.add_row(
            name,
            f"{load.jobs_per_s:.1f}",
            f"{found.utilisation(load):.1%}",
            f"{load.cpu_ms_per_job:.2f}",
            f"{load.cpu_ms_per_job / found.direct.cpu_ms_per_job:.1f} times",
            f"{load.rss_mb:.0f}",
        )
    out.print(table)
    options = found.options
    out.print(
        f"\n{options.slots} slots and answers of {options.latency_s:g} s allow {options.most_jobs_per_s:.0f} jobs/s. "
        f"While the pool was measured, the machine was {found.machine:.0%} busy, and the simulator used "
        f"{found.simulator:.0%} of a core."
    )


def _tell(line: str) -> None:
    err.print(line, markup=False)
