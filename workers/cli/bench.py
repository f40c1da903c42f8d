"""`fleet bench`: measurements that users can repeat on their own machine and data."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ..bench.complexity import CHEAP_MODEL, Evaluation, evaluate
from ..bench.memory import measure as measure_memory
from ..bench.problems import read_problems
from .bench_estimates import estimates
from .bench_failover import failover
from .bench_fairness import fairness
from .bench_limits import limits
from .bench_mix import mix
from .bench_rates import submit
from .bench_selection import selection
from .bench_slots import slots
from .bench_soak import soak_command
from .console import out
from .session import JsonOption, run_async

bench_app = typer.Typer(name="bench", help="Measure, on this machine and on your data.", no_args_is_help=True)
bench_app.command()(submit)
bench_app.command()(slots)
bench_app.command()(limits)
bench_app.command()(estimates)
bench_app.command()(failover)
bench_app.command("soak")(soak_command)
bench_app.command()(mix)
bench_app.command()(fairness)
bench_app.command()(selection)


@bench_app.command()
def complexity(
    file: Annotated[
        Path, typer.Argument(help="JSON lines with `text` and `pass_at_1`: model -> share of right first answers.")
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="The cheap model; the beginning of its name will do.")
    ] = CHEAP_MODEL,
    as_json: JsonOption = False,
) -> None:
    """Measure whether the complexity score predicts that a cheap model fails.

    Prints the area under the ROC curve of the score and, beside it, of plain prompt length: 0.5 is chance, 1 perfect.
    The model fails on a problem if its first answers are not all right. The score's weights were fitted on 421 problems
    of LiveCodeBench; on those it looks 0.01 better than it is.

    Example:

      fleet bench complexity problems.jsonl --model gpt-4o-mini
    """
    found = evaluate(read_problems(file), model)
    if as_json:
        out.print_json(data=asdict(found))
    else:
        _show(found)


@bench_app.command()
def memory(
    jobs: Annotated[int, typer.Option(min=100, help="Jobs to hand in.")] = 20_000, as_json: JsonOption = False
) -> None:
    """Measure what a queued job costs in Redis beside its request, in a private Redis that is empty but for it.

    Example:

      fleet bench memory --jobs 100000
    """
    found = run_async(measure_memory(jobs))
    if as_json:
        out.print_json(data=asdict(found))
        return
    table = Table("a queued job", "bytes beside its request", box=None, pad_edge=False)
    table.add_row("with a message in its lane", f"{found.in_lane:,}")
    table.add_row("waiting in its batch", f"{found.in_batch:,}")
    out.print(table)
    out.print(f"\n{found.jobs:,} jobs with requests of {found.payload} bytes")


def _show(found: Evaluation) -> None:
    out.print(f"{found.problems} problems; {found.model} fails on {found.failing} of them.\n", markup=False)
    predictors = Table("predictor", "area under ROC", "rank correlation", box=None, pad_edge=False)
    predictors.add_row("complexity", f"{found.auroc:.3f}", f"{found.spearman:+.2f}")
    predictors.add_row("complexity, as score 1 to 10", f"{found.auroc_score:.3f}", "")
    predictors.add_row("prompt length", f"{found.auroc_length:.3f}", f"{found.spearman_length:+.2f}")
    out.print(predictors)
    out.print()
    bands = Table("band", "problems", "passed by it", "by all models", box=None, pad_edge=False)
    for each in found.bands:
        bands.add_row(each.band, str(each.problems), _percent(each.cheap), _percent(each.all_models))
    out.print(bands)
    out.print(
        "\nRank correlation (Spearman) is with the mean pass rate of all models; a pass rate is that of first answers."
    )


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.0%}"
