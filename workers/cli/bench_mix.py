"""`fleet bench mix`: who takes what where a local pool, a free tier and a paid API are in one fleet."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import SecretStr
from rich.table import Table

from ...routing.directory import STRATEGIES
from ...tasks.client import AsyncClient
from ...tasks.errors import InvalidRequest, UnknownName
from ..bench.mix import MODES, SERVERS, MixOptions, MixResult, measure_mix
from ..embedded.server import EmbeddedRedis
from .console import err, out
from .progress import live_progress
from .session import JsonOption, run_async

_Name = TypeVar("_Name", bound=str)


def mix(
    jobs: Annotated[int, typer.Option(min=50, help="Jobs of each run.")] = 2000,
    strategies: Annotated[
        str, typer.Option(help=f"Only these, with commas: {', '.join(STRATEGIES)}.", show_default=False)
    ] = "",
    modes: Annotated[str, typer.Option(help=f"Only these, with commas: {', '.join(MODES)}.", show_default=False)] = "",
    spill_after: Annotated[
        str, typer.Option(help="Seconds for which a target must have been full before the next one helps, or `never`.")
    ] = "1",
    as_json: JsonOption = False,
) -> None:
    """Measure what each strategy and mode makes of a local pool of 4 slots, a free tier of 30 RPM and a paid API.

    All three are simulated: they answer in 0.3, 0.5 and 0.7 s, and the paid one has 24 slots. The optimum is the least
    makespan that is possible with every slot busy all the time, and the least that it costs. Each strategy is measured
    without a mode, and each mode with `priority`: 12 minutes in all. If you name strategies or modes, each is
    measured with each.

    Examples:

      fleet bench mix

      fleet bench mix --strategies priority,cost_based

      fleet bench mix --strategies quality --modes any,free_only --jobs 500
    """
    options = MixOptions(
        jobs,
        _seconds(spill_after),
        _named("strategy", strategies, STRATEGIES),
        _named("mode", modes, MODES),
    )
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder, EmbeddedRedis(Path(folder)) as server:
        found = run_async(measure_mix(SecretStr(server.url), Path(folder), _tell, _watch, options))
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show(found)


def _seconds(text: str) -> float | None:
    if text == "never":
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise InvalidRequest(f"--spill-after {text!r} is neither a number of seconds from 0 up nor `never`")
    return seconds


def _named(kind: str, text: str, known: Sequence[_Name]) -> tuple[_Name, ...]:
    names = [name.strip().replace("-", "_") for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UnknownName(kind, name, known)
    return tuple(each for each in known if each in names)


def _show(found: MixResult) -> None:
    table = Table(
        "strategy", "mode", *SERVERS, "cost", "least", "times", "makespan", "least", "of it", box=None, pad_edge=False
    )
    for run in found.runs:
        table.add_row(
            run.strategy,
            run.mode,
            *(f"{run.taken[name]:,}" for name in SERVERS),
            f"${run.cost_usd:.2f}",
            f"${run.best.cost_usd:.2f}",
            "-" if run.times_least_cost is None else f"{run.times_least_cost:.2f}",
            f"{run.makespan_s:.1f} s",
            f"{run.best.makespan_s:.1f} s",
            f"{run.of_optimum:.1%}",
        )
    out.print(table)
    trespassed, refused = sum(run.trespassed for run in found.runs), sum(run.refused for run in found.runs)
    unanswered = sum(run.unanswered for run in found.runs)
    out.print(
        f"\n{found.options.jobs:,} jobs each. Refused for their limits: {refused} calls. Without an answer: "
        f"{unanswered} jobs. Answered by a target that the mode forbids: {trespassed}."
    )


def _watch(client: AsyncClient, batch: Callable[[], str]) -> AbstractAsyncContextManager[None]:
    return live_progress(client, batch, err)


def _tell(line: str) -> None:
    err.print(line, markup=False)
