"""`make chaos`: run a fleet under faults, and print its accounts."""

import asyncio
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .fleet_run import Plan, Result, run_fleet
from .plain_run import PlainPlan, PlainResult, run_plain
from .report import as_json, kept, show
from .schedule import Size
from .watching import Watcher


def chaos(
    jobs: Annotated[int, typer.Option(min=100, help="Jobs to run.")] = 30_000,
    worker_kills: Annotated[int, typer.Option(min=0, help="Workers to kill; poisonous jobs kill more.")] = 300,
    redis_kills: Annotated[int, typer.Option(min=0, help="How often to kill Redis.")] = 20,
    poison: Annotated[int, typer.Option(min=0, help="Jobs that kill whoever runs them.")] = 3,
    celery_jobs: Annotated[
        int, typer.Option(min=0, help="Jobs for plain Celery, with as many kills a job; 0 leaves it out.")
    ] = 5_000,
    seed: Annotated[int, typer.Option(help="Another seed, another schedule and another load.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="A new folder for the logs of all processes.")] = None,
    in_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Run a fleet of real processes under seeded faults, then account for every job and every answer.

    Ends with code 0 if nothing was lost, committed twice or bought twice without need, else with 1.
    """
    plan = Plan(jobs, Size(worker_kills, redis_kills), seed, poison)
    share = celery_jobs / jobs
    size = Size(round(worker_kills * share), round(redis_kills * share))
    plain = PlainPlan(celery_jobs, size, seed) if celery_jobs else None
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        result, compared = asyncio.run(_run(plan, plain, folder))
    if in_json:
        sys.stdout.write(json.dumps(as_json(result, compared)) + "\n")
    else:
        show(result, compared, Console())
    raise typer.Exit(0 if kept(result.account) else 1)


async def _run(plan: Plan, plain: PlainPlan | None, folder: Path) -> tuple[Result, PlainResult | None]:
    with Watcher(Console(stderr=True)) as watcher:
        result = await run_fleet(plan, folder / "fleet", watcher)
    if plain is None:
        return result, None
    with Watcher(Console(stderr=True)) as watcher:
        return result, await run_plain(plain, folder / "celery", watcher)


if __name__ == "__main__":
    typer.run(chaos)
