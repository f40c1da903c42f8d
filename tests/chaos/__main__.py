"""`make chaos`: run a fleet under faults, and print its accounts."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .fleet_run import Plan, run_fleet
from .playing import Progress
from .report import as_json, show
from .schedule import Size


def main(
    jobs: Annotated[int, typer.Option(min=100)] = 30_000,
    worker_kills: Annotated[int, typer.Option(min=0)] = 300,
    redis_kills: Annotated[int, typer.Option(min=0)] = 20,
    seed: int = 1,
    poison: int = 3,
    keep: Annotated[Path | None, typer.Option(help="Keep logs here.")] = None,
) -> None:
    err = Console(stderr=True)
    plan = Plan(jobs, Size(worker_kills, redis_kills), seed, poison=poison)
    last = [0.0]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if now - last[0] > 5:
            last[0] = now
            err.print(f"{now-progress.began:6.0f}s handed in {progress.handed_in} ended {progress.ended} up {progress.up} struck {sum(progress.struck.values())}")

    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(run_fleet(plan, keep or Path(folder), tell))
    show(as_json(result), Console())
    if result.account.findings: print(result.account.findings[:10])
    print("twice", result.account.bought_twice[:10], "overlaps", result.account.overlaps[:10], 'lost', result.account.lost[:10], 'alone', result.ended_alone, 'wrong', result.account.wrong_answers[:5])
    print([round(x,1) for x in result.resumed_s])


if __name__ == "__main__":
    typer.run(main)
