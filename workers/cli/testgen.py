"""`fleet testgen`: tests for every public function of a Python package."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ...tasks.batch import BatchStatus
from ...tasks.client import AsyncClient
from ...tasks.errors import InvalidRequest
from ...tasks.line_file import LineFile
from ..testgen.discover import CONTEXT_TOKENS, subjects
from ..testgen.harvest import Result
from ..testgen.output_folder import GeneratedTests
from ..testgen.prompt import MAX_TOKENS
from ..testgen.run import Asking, generate
from ..testgen.subject import Skipped, Subject
from .console import err, out
from .progress import cost, duration, live_progress, providers, tokens
from .serving import INTERRUPTED, with_fleet
from .session import ConfigOption, JsonOption

RESULTS = "results.jsonl"
_REASONS_SHOWN = 5


def generate_tests(
    path: Annotated[Path, typer.Argument(help="A Python package, folder or file.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the test files and results.jsonl.")] = Path(
        "generated_tests"
    ),
    limit: Annotated[
        int | None, typer.Option(min=1, help="The first so many functions only.", show_default=False)
    ] = None,
    provider: Annotated[str | None, typer.Option("--provider", "-p", help="Run on this provider only.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Run on this model only.")] = None,
    route: Annotated[str | None, typer.Option(help="Run on a route of the configuration.")] = None,
    agent: Annotated[str, typer.Option(help="Who asks.")] = "default",
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of an answer.")] = MAX_TOKENS,
    context_tokens: Annotated[
        int, typer.Option(min=0, help="Most tokens of what is shown around a function.")
    ] = CONTEXT_TOKENS,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write pytest files for every public function and method of a Python package, one job for each.

    Works with the fleet that runs; without one it starts the configured providers for the time of the command, else the
    model servers that it finds on this machine, else a simulator, and says which. Each answer is kept if it parses and
    holds a test. Ctrl-C stops, and cancels what is left.

    Examples:

      fleet testgen src/shop -o tests/generated

      fleet testgen src/shop/cart.py --provider ollama --limit 5
    """
    found = list(subjects(path, context_tokens=context_tokens))
    for skipped in found:
        if isinstance(skipped, Skipped):
            err.print(f"skipped {skipped}", markup=False)
    functions = list(islice((each for each in found if isinstance(each, Subject)), limit))
    if not functions:
        raise InvalidRequest(f"{path} has no public function with a body")
    run = _Run(path, output, functions, Asking(agent, provider, model, route, max_tokens))
    results = with_fleet(config, run)
    if results is None:
        err.print(f"interrupted; what was answered is in {output}", markup=False)
        sys.exit(INTERRUPTED)
    assert run.status is not None
    _print_summary(run, run.status, results, as_json=as_json)
    sys.exit(0 if any(result.file for result in results) else 1)


class _Run:
    """The command's work, as `with_fleet` calls it."""

    def __init__(self, path: Path, output: Path, functions: Sequence[Subject], asking: Asking) -> None:
        self.path = path
        self.output = output
        self.functions = functions
        self.asking = asking
        self.batch = ""
        self.status: BatchStatus | None = None
        self.took_s = 0.0

    async def __call__(self, client: AsyncClient) -> list[Result]:
        began = time.monotonic()
        tests = GeneratedTests(self.output)
        err.print(f"asking for the tests of {len(self.functions):,} functions of {self.path}", markup=False)
        with LineFile(self.output / RESULTS) as results:
            results.keep(0)
            async with live_progress(client, lambda: self.batch, err):
                found = await generate(
                    client, self.functions, self.asking, tests, results, name=str(self.path), on_batch=self._begin
                )
        self.status = await client.batch_status(self.batch)
        self.took_s = time.monotonic() - began
        return found

    def _begin(self, batch: str) -> None:
        self.batch = batch


def _print_summary(run: _Run, status: BatchStatus, results: Sequence[Result], *, as_json: bool) -> None:
    files = sum(result.file is not None for result in results)
    if as_json:
        counts = {"functions": len(results), "files": files, "took_s": round(run.took_s, 3), "batch": run.batch}
        spent = {
            "input_tokens": status.input_tokens,
            "output_tokens": status.output_tokens,
            "cost_usd": status.cost_usd,
        }
        facts = {"by_provider": dict(status.by_provider), "unpriced": status.unpriced}
        out.print_json(data={**counts, **spent, **facts, "results": [asdict(result) for result in results]})
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("functions", f"{len(results):,}")
    table.add_row("test files", f"{files:,} in {run.output}")
    table.add_row("answered by", providers(status) or "nobody")
    table.add_row("tokens", tokens(status))
    table.add_row("cost", cost(status))
    table.add_row("took", f"{duration(run.took_s)}, {len(results) / run.took_s:.1f} functions a second")
    out.print(table)
    reasons = Counter(result.error for result in results if result.error)
    for reason, count in reasons.most_common(_REASONS_SHOWN):
        err.print(f"{count:,} without tests: {reason}", markup=False)
    if reasons:
        err.print(f"all of them are in {run.output / RESULTS}", markup=False)
