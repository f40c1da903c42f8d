"""`fleet bench limits`: how much of what a provider allows is used, and how often it refuses."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.table import Table

from ..bench.limits import WINDOWS, LimitsOptions, LimitsResult, measure_limits
from ..embedded.server import EmbeddedRedis
from ..simulator.windows import WindowType
from .console import err, out
from .session import JsonOption, run_async


def limits(
    seconds: Annotated[
        float, typer.Option(min=5, help="Seconds to measure, for each of the three ways to count a limit.")
    ] = 300,
    rpm: Annotated[int, typer.Option(min=10, help="Requests a minute that the provider allows.")] = 600,
    tpm: Annotated[int, typer.Option(min=5000, help="Tokens a minute that the provider allows.")] = 60_000,
    window: Annotated[
        WindowType | None, typer.Option(help="Only this way to count; all three if not given.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how much of a provider's limits four workers use, and how many calls it refuses.

    A simulated provider enforces its limits strictly: in fixed windows, in a sliding window, and as a bucket. Prompts
    and answers are of skewed sizes. Beside it, at the same time and under the same limits: the policy of OpenAI's
    cookbook, and callers that only back off.

    Examples:

      fleet bench limits

      fleet bench limits --seconds 60 --window sliding --json
    """
    options = LimitsOptions(rpm, tpm, seconds, (window,) if window else WINDOWS)
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder, EmbeddedRedis(Path(folder)) as server:
        found = run_async(measure_limits(SecretStr(server.url), Path(folder), _tell, options))
    if as_json:
        out.print_json(data=found.to_json())
    else:
        _show(found)


def _show(found: LimitsResult) -> None:
    table = Table("counted", "", "used", "refused", "beside the fleet", box=None, pad_edge=False)
    for window, use in found.fleet.items():
        table.add_row(window, "the fleet", f"{use.used:.1%}", str(use.refused), "")
        for name, by_window in found.peers.items():
            ratio, theirs = found.ratio(name, window), by_window[window]
            beside = "" if ratio is None else f"the fleet uses {ratio:.2f} times as much"
            table.add_row("", name, f"{theirs.used:.1%}", str(theirs.refused), beside)
    out.print(table)
    options = found.options
    out.print(
        f"\n{options.rpm} requests and {options.tpm:,} tokens a minute; {options.seconds:g} s each. "
        "Refused counts from the start of each run."
    )


def _tell(line: str) -> None:
    err.print(line, markup=False)
