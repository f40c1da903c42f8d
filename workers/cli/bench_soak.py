"""`fleet bench soak`: how available a fleet is whose providers fail again and again."""

import asyncio
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..bench.failover_cost import percentile_ms
from ..bench.soak import GOAL, SoakOptions, SoakResult, Watch, soak
from ..bench.soak_account import ProviderAccount, SoakAccount
from ..embedded.server import EmbeddedRedis
from ..supervision.interrupts import counted_interrupts
from .console import err, out
from .session import JsonOption

_INTERRUPTED = 130
_LINE_EVERY_S = 10.0


def soak_command(
    seconds: Annotated[float, typer.Option(min=5, help="Seconds for which jobs come; hours, if you like.")] = 120,
    providers: Annotated[int, typer.Option(min=2, max=16, help="Simulated providers.")] = 3,
    rate: Annotated[float, typer.Option(min=0.1, help="Jobs a second.")] = 20,
    slots: Annotated[int, typer.Option(min=1, help="Calls at the same time, of each provider.")] = 8,
    seed: Annotated[int, typer.Option(help="Another seed, other outages.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure the share of jobs that succeed while providers fail at random: at least 99.9% are to.

    Every provider has outages of 1 to 10 s at times of its own, one at a time being spared: it is killed, hangs,
    answers 500, or some of the time, refuses with 429, is slow, cuts streams off, lets them stall, or answers with JSON
    that is not what was asked for. The same seed strikes alike. After Ctrl-C no more jobs come, and the accounts are
    made. Ends with code 1 if fewer succeed, one is lost, or one is paid for twice.

    Examples:

      fleet bench soak

      fleet bench soak --seconds 3600 --providers 4 --seed 7
    """
    options = SoakOptions(seconds, providers, rate, slots, seed)
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder, EmbeddedRedis(Path(folder)) as server:
        found = _run(SecretStr(server.url), Path(folder), options)
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show(found)
    raise typer.Exit(0 if found.kept else 1)


def _run(redis_url: SecretStr, folder: Path, options: SoakOptions) -> SoakResult:
    """The first Ctrl-C ends it early, the next at once."""

    async def run() -> SoakResult:
        enough, whole = asyncio.Event(), asyncio.current_task()
        assert whole is not None

        def interrupted(number: int) -> None:
            if number == 1:
                err.print("no more jobs come; those under way are waited for", markup=False)
                enough.set()
            else:
                whole.cancel()

        with counted_interrupts(interrupted), _shown(options) as show:
            return await soak(redis_url, folder, show, options, enough)

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise typer.Exit(_INTERRUPTED) from None


@contextmanager
def _shown(options: SoakOptions) -> Generator[Watch]:
    """A bar on a terminal, elsewhere a line now and then; both to standard error."""
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    next_line = time.monotonic() + _LINE_EVERY_S
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("the fleet starts", total=options.seconds)

        def show(ran_s: float, account: SoakAccount, struck: dict[str, str]) -> None:
            nonlocal next_line
            words = _in_one_line(account, struck)
            bar.update(task, completed=ran_s, description=words)
            if not err.is_terminal and time.monotonic() >= next_line:
                next_line += _LINE_EVERY_S
                err.print(f"{ran_s:.0f} s: {words}", markup=False)

        yield show


def _in_one_line(account: SoakAccount, struck: dict[str, str]) -> str:
    ended = sum(account.ended.values())
    who = ", ".join(f"{name} {what}" for name, what in sorted(struck.items())) or "all are well"
    return f"{account.submitted:,} jobs, {account.submitted - ended} under way, {account.failed} failed; {who}"


def _show(found: SoakResult) -> None:
    account = found.account
    columns = ("provider", "answered", "outages", "out", "failed calls", "switched", "p50 ms", "p99 ms", "back after")
    table = Table(*columns, box=None, pad_edge=False)
    for name, provider in account.providers.items():
        table.add_row(name, *_row(provider))
    out.print(table)
    took = sorted(account.took_s)
    out.print(
        f"\n{account.availability:.3%} of {account.submitted:,} jobs succeeded; {GOAL:.1%} are to.\n"
        f"lost {account.lost}, paid for twice {account.bought_twice}; a job took {_ms(took, 0.5)} ms "
        f"(p50), {_ms(took, 0.99)} ms (p99), {_ms(took, 1.0)} ms at the most"
    )
    for reason in account.reasons:
        out.print(reason, markup=False)


def _row(provider: ProviderAccount) -> tuple[str, ...]:
    switched, back = sorted(provider.switched_s), sorted(provider.back_s)
    return (
        f"{provider.answered:,}",
        str(provider.outages.total()),
        f"{provider.out_s:.0f} s",
        str(provider.failures.total()),
        str(len(switched)),
        _ms(switched, 0.5),
        _ms(switched, 0.99),
        f"{percentile_ms(back, 0.5) / 1000:.1f} s" if back else "-",
    )


def _ms(values: Sequence[float], share: float) -> str:
    return f"{percentile_ms(values, share):.0f}" if values else "-"
