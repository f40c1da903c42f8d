"""`fleet bench submit`: how fast jobs are handed in."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.table import Table

from ..bench.submit import SubmitResult, measure_submit
from ..embedded.server import EmbeddedRedis
from .console import err, out
from .session import JsonOption


def submit(
    jobs: Annotated[int, typer.Option(min=100, help="Jobs of the file that is handed in.")] = 100_000,
    turns: Annotated[int, typer.Option(min=1, help="How often all of it is measured; medians are shown.")] = 3,
    redis_url: Annotated[
        str | None,
        typer.Option("--redis-url", help="Measure on this Redis, not on one of its own; what is written is removed."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast a batch file is handed in, beside plain Celery.

    A file of jobs goes the way of `fleet batch create`: read, checked, scored, stored, and every job published to its
    queue. Beside it, in turns and on the same Redis, `apply_async` is called in a loop with the same prompts, of a task
    whose result can be waited for, as a job's can, and of one without.

    Examples:

      fleet bench submit

      fleet bench submit --jobs 20000 --turns 3 --json
    """
    with _folder() as folder, _redis(redis_url, folder) as url:
        found = measure_submit(url, folder, _tell, jobs=jobs, turns=turns)
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show_submit(found)


def _show_submit(found: SubmitResult) -> None:
    table = Table("handed in by", "a second", "beside apply_async", box=None, pad_edge=False)
    for name, rate in (
        (f"fleet batch create, all {found.jobs:,} jobs published", found.jobs_per_s),
        ("fleet batch create, the usual window published", found.windowed_per_s),
        ("task.apply_async in a loop, results kept", found.apply_async_per_s),
        ("task.apply_async in a loop, without results", found.apply_async_bare_per_s),
    ):
        table.add_row(name, f"{rate:,.0f}", f"{rate / found.apply_async_per_s:.1f} times")
    out.print(table)
    out.print(f"\nThis process grew by {found.rss_mb:.0f} MB; medians of {len(found.turns)} turns.")


def _tell(line: str) -> None:
    err.print(line, markup=False)


@contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        yield Path(folder)


@contextmanager
def _redis(url: str | None, folder: Path) -> Generator[SecretStr]:
    """The given one, or one of its own that ends with the block."""
    if url is not None:
        yield SecretStr(url)
        return
    with EmbeddedRedis(folder) as server:
        yield SecretStr(server.url)
