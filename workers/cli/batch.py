"""`fleet batch`: files in OpenAI's Batch format, run here and now or in the background."""

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ...routing.lanes import DEFAULT_TASK_TYPE
from ...tasks.batch import DEFAULT_WINDOW, BatchStatus
from ...tasks.batch_background import create_batch, write_results
from ...tasks.batch_file import opened
from ...tasks.batch_progress import RunProgress
from ...tasks.batch_run import run_batch_file
from ...tasks.batch_submit import LineOptions
from ...tasks.client import AsyncClient
from ...tasks.job import DEFAULT_DEADLINE_S
from .console import err, out
from .progress import cost, duration, live_progress, providers, tokens
from .serving import INTERRUPTED, with_fleet
from .session import NO_WORKER, ConfigOption, JsonOption, fleet_client, run_async

app = typer.Typer(name="batch", no_args_is_help=True)

InputOption = Annotated[
    Path, typer.Option("--input-file", "-i", help="JSON lines with custom_id, method, url and body.", dir_okay=False)
]
OutputOption = Annotated[
    Path, typer.Option("--output-file", "-o", help="One line for each request, in the order of ending.", dir_okay=False)
]
ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="Instead of the models that the lines name.")]
TaskTypeOption = Annotated[str, typer.Option("--task-type", "-t", help="What the jobs are for.")]
AgentOption = Annotated[str, typer.Option(help="Who asks.")]
StreamOption = Annotated[
    bool, typer.Option("--stream", help="Ask for streams, so that a stalled answer is noticed early; same output.")
]
WindowOption = Annotated[int, typer.Option(min=1, help="Jobs in each queue at the same time.")]
DeadlineOption = Annotated[float, typer.Option(min=1, help="Seconds after which unfinished lines expire.")]
BatchArgument = Annotated[str, typer.Argument(help="The batch's id.", show_default=False)]


@app.callback()
def batch() -> None:
    """Run files in OpenAI's Batch format, here and now or in the background."""


@app.command()
def run(
    input_file: InputOption,
    output_file: OutputOption,
    model: ModelOption = None,
    task_type: TaskTypeOption = DEFAULT_TASK_TYPE,
    agent: AgentOption = "default",
    stream: StreamOption = False,
    window: WindowOption = DEFAULT_WINDOW,
    deadline: DeadlineOption = DEFAULT_DEADLINE_S,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Run a file of requests to its end, like `vllm run-batch`.

    Serves /v1/chat/completions, /v1/completions and /v1/embeddings. A line that is no request gets an error line with
    its number. After Ctrl-C or a crash the same command goes on where it was: no line is repeated, no answer is bought
    again. Works with the fleet that runs; without one it starts the configured providers for the time of the command.

    Example:

      fleet batch run -i requests.jsonl -o answers.jsonl
    """
    opened(input_file).close()  # before a fleet is started for it
    options = LineOptions(task_type, agent, model, stream, deadline)
    progress, began = RunProgress(), time.monotonic()

    async def work(client: AsyncClient) -> BatchStatus:
        async with live_progress(client, lambda: progress.batch, err):
            await run_batch_file(client, input_file, output_file, options, progress, window=window)
        return await client.batch_status(progress.batch)

    status = with_fleet(config, work)
    if status is None:
        err.print(
            f"interrupted after {progress.succeeded + progress.failed:,} lines; the same command goes on from there"
            + (f", `fleet batch cancel {progress.batch}` ends its jobs" if progress.batch else ""),
            markup=False,
        )
        sys.exit(INTERRUPTED)
    took_s = time.monotonic() - began
    if as_json:
        out.print_json(data={**asdict(progress), **_spent(status), "took_s": round(took_s, 3)})
    else:
        err.print(_summary(progress, status, output_file, took_s))


@app.command()
def create(
    input_file: InputOption,
    name: Annotated[str, typer.Option(help="For people; the file's name if not given.")] = "",
    model: ModelOption = None,
    task_type: TaskTypeOption = DEFAULT_TASK_TYPE,
    agent: AgentOption = "default",
    stream: StreamOption = False,
    window: WindowOption = DEFAULT_WINDOW,
    deadline: DeadlineOption = DEFAULT_DEADLINE_S,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hand in a file of requests to the fleet that runs, and print the batch's id.

    Examples:

      fleet batch create -i requests.jsonl --name nightly

      fleet batch create -i requests.jsonl --json
    """
    options = LineOptions(task_type, agent, model, stream, deadline)
    progress = RunProgress()

    async def work() -> bool:
        async with fleet_client(config) as client:
            await create_batch(client, input_file, options, progress, name=name, window=window)
            return bool((await client.snapshot()).living)

    try:
        someone_works = run_async(work())
    finally:
        if progress.batch and not progress.all_submitted:
            err.print(f"not all was handed in; `fleet batch cancel {progress.batch}` ends what was", markup=False)
    err.print(f"jobs: {progress.submitted:,}, lines that are no requests: {progress.refused:,}", markup=False)
    if not someone_works:
        err.print(NO_WORKER, markup=False)
    if as_json:
        out.print_json(data={"id": progress.batch, "total": progress.submitted, "refused": progress.refused})
    else:
        out.print(progress.batch, markup=False)


@app.command()
def status(batch_id: BatchArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show how a batch stands.

    Example:

      fleet batch status 3q5w2l7kzbh4dgm6yxv5n2cdae
    """
    found = run_async(_status(batch_id, config))
    if as_json:
        out.print_json(data=_fields(found))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _described(found).items():
        table.add_row(name, value)
    out.print(table)


@app.command("list")
def newest(
    at_most: Annotated[int, typer.Option("--limit", "-n", min=1, help="The newest so many.")] = 20,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the batches, newest first.

    Examples:

      fleet batch list

      fleet batch list --limit 5 --json
    """
    found = run_async(_newest(at_most, config))
    if as_json:
        out.print_json(data=[_fields(each) for each in found])
        return
    heads = ("batch", "name", "agent", "state", "done", "no answer", "cost USD", "created")
    table = Table(*heads, box=None, pad_edge=False)
    for each in found:
        done = f"{each.done:,}/{each.total:,}"
        cells = (
            each.id,
            each.name,
            each.agent,
            _state(each),
            done,
            f"{each.without_answer:,}",
            cost(each),
            _when(each),
        )
        table.add_row(*cells)
    out.print(table)


@app.command()
def results(
    batch_id: BatchArgument,
    output_file: OutputOption,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until the batch is finished.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write the output lines of what has ended; called again, those that are new.

    Example:

      fleet batch results 3q5w2l7kzbh4dgm6yxv5n2cdae -o answers.jsonl --wait
    """
    progress = RunProgress()

    async def work() -> None:
        async with fleet_client(config, patient=True) as client:
            await write_results(client, batch_id, output_file, progress, follow=wait)

    run_async(work())
    written = progress.succeeded + progress.failed + progress.refused
    err.print(f"{written:,} lines written to {output_file}, {progress.finished_before:,} were there", markup=False)


@app.command()
def cancel(batch_id: BatchArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Cancel every job of a batch that has not ended.

    Examples:

      fleet batch cancel 3q5w2l7kzbh4dgm6yxv5n2cdae

      fleet batch cancel 3q5w2l7kzbh4dgm6yxv5n2cdae --json
    """

    async def work() -> int:
        async with fleet_client(config) as client:
            return await client.cancel_batch(batch_id)

    cancelled = run_async(work())
    if as_json:
        out.print_json(data={"id": batch_id, "cancelled": cancelled})
    else:
        out.print(f"{cancelled:,} jobs cancelled")


async def _status(batch_id: str, config: Path | None) -> BatchStatus:
    async with fleet_client(config) as client:
        return await client.batch_status(batch_id)


async def _newest(at_most: int, config: Path | None) -> list[BatchStatus]:
    async with fleet_client(config) as client:
        return await client.newest_batches(at_most=at_most)


def _state(status: BatchStatus) -> str:
    if status.cancelled:
        return "cancelled" if status.finished else "cancelling"
    if status.finished:
        return "finished"
    return "running" if status.sealed else "being handed in"


def _when(status: BatchStatus) -> str:
    return status.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _spent(status: BatchStatus) -> dict[str, Any]:
    return {
        "input_tokens": status.input_tokens,
        "output_tokens": status.output_tokens,
        "cost_usd": status.cost_usd,
        "unpriced": status.unpriced,
        "lost_calls": status.lost_calls,
        "by_provider": dict(status.by_provider),
    }


def _fields(status: BatchStatus) -> dict[str, Any]:
    return {
        "id": status.id,
        "name": status.name,
        "agent": status.agent,
        "state": _state(status),
        "created_at": status.created_at.isoformat(),
        "total": status.total,
        "refused": status.refused,
        **{state.value: count for state, count in status.counts.items()},
        "in_flight": status.in_flight,
        "pending": status.pending,
        **_spent(status),
    }


def _described(status: BatchStatus) -> dict[str, str]:
    ended = ", ".join(f"{count:,} {state}" for state, count in status.counts.items() if count)
    facts = {
        "batch": status.id,
        "name": status.name,
        "state": _state(status),
        "jobs": f"{status.total:,}",
        "ended": ended,
        "waiting or running": f"{status.total - status.done:,}",
        "refused lines": f"{status.refused:,}" if status.refused else "",
        "answered by": providers(status),
        "tokens": tokens(status),
        "cost": cost(status),
        "created": _when(status),
    }
    return {name: value for name, value in facts.items() if value}


def _summary(progress: RunProgress, status: BatchStatus, output: Path, took_s: float) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    counts = {
        "answered": progress.succeeded,
        "failed": progress.failed,
        "refused lines": progress.refused,
        "finished before": progress.finished_before,
    }
    for name, count in counts.items():
        if count or name == "answered":
            table.add_row(name, f"{count:,}")
    table.add_row("output", str(output))
    table.add_row("answered by", providers(status) or "nobody")
    table.add_row("tokens", tokens(status))
    table.add_row("cost", cost(status))
    table.add_row("took", duration(took_s))
    return table
