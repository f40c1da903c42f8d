"""`make containers`: the stack of compose/ on this machine's engine, its demo, and hosts that come and go."""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ...chaos.report import kept
from .demo import Demo, run_demo
from .engine import compose_command, left_behind, why_not
from .played import Result, run_hosts
from .stack import stack_of

out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def containers(
    jobs: Annotated[int, typer.Option(min=300, help="Jobs to serve while hosts come and go.")] = 1500,
) -> None:
    """Build the image, bring the stack up, serve its demo, strike its hosts, account for every job, and clean up.

    Ends with code 0 if all that was promised was kept, else with 1.
    """
    if missing := why_not():
        out.print(f"containers cannot run here: {missing}", markup=False)
        raise typer.Exit(1)
    raise typer.Exit(0 if asyncio.run(_run(jobs)) else 1)


async def _run(jobs: int) -> bool:
    def tell(words: str) -> None:
        out.print(f"  {words}", markup=False)

    with tempfile.TemporaryDirectory(prefix="hosts-") as folder:
        Path(folder).chmod(0o755)  # the containers' user reads the configuration in it
        out.print(f"building the image with {' '.join(compose_command())}")
        async with stack_of(Path(folder)) as stack:
            out.print(f"stack {stack.name}: starting, serving its demo batch")
            demo = await run_demo(stack)
            out.print(_shown(demo))
            out.print("a batch, while hosts come and go")
            result = await run_hosts(stack, jobs, tell)
            out.print(_accounts(result))
    left = await left_behind([stack.name, stack.guest])
    out.print(f"stack down; left behind: {', '.join(left) or 'nothing'}")
    served = demo.code == 0 and len(demo.by_provider) > 1
    return served and kept(result.account) and result.joined_s < result.joined_within_s and not left


def _shown(demo: Demo) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("demo batch", f"ended with code {demo.code}, answered by {_counts(demo.by_provider)}")
    table.add_row("pools", ", ".join(demo.hosts))
    table.add_row("user in the containers", demo.user)
    table.add_row("Flower", _counts(demo.flower))
    return table


def _accounts(result: Result) -> Table:
    found, table = result.account, Table(show_header=False, box=None, pad_edge=False)
    rows = {
        "submitted": f"{found.submitted:,}",
        "ended": _counts({state.value: count for state, count in found.ended.items()}),
        "lost": len(found.lost),
        "committed twice": found.committed_twice,
        "bought twice without need": len(found.bought_twice),
        "answers bought": f"{found.bought:,}",
        "paid for in vain": _counts(found.in_vain) or "none",
        "with another's answer": len(found.wrong_answers),
        "inconsistencies left": len(found.findings),
        "jobs of the killed host claimed again": f"{result.recovery.jobs}, within {result.recovery.max_s:.1f} s",
        "joined host: first report to first call": f"{result.joined_s:.2f} s (under {result.joined_within_s:.1f} s)",
        "calls by host": _counts({host or "the joined one": count for host, count in result.by_host.items()}),
        "took": f"{result.took_s:.0f} s",
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


if __name__ == "__main__":
    typer.run(containers)
