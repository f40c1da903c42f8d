"""`fleet submit`, `result`, `wait`, `cancel` and `job`: single jobs."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ...routing.lanes import Priority
from ...tasks.client import AsyncClient
from ...tasks.errors import InvalidRequest, JobFailed
from ...tasks.job import Attempt, Job, JobSpec
from ...tasks.results import Outcome
from ...tasks.submission import parse_spec
from .console import err, out
from .session import ConfigOption, JsonOption, fleet_client, run_async
from .stream import show_stream

JobArgument = Annotated[str, typer.Argument(help="The job's id, as `fleet submit` printed it.", show_default=False)]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", min=0, help="Seconds to wait at most.", show_default=False)
]


def submit(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; `-` reads it from standard input.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="A job as JSON: request, task_type, …", exists=True, dir_okay=False),
    ] = None,
    system: Annotated[str | None, typer.Option(help="System message before the prompt.")] = None,
    task_type: Annotated[str, typer.Option("--task-type", "-t", help="What the job is for.")] = "general",
    complexity: Annotated[
        str | None, typer.Option(help="1 to 10, or simple, moderate, complex, very-complex; scored if not given.")
    ] = None,
    agent: Annotated[str, typer.Option(help="Who asks.")] = "default",
    provider: Annotated[str | None, typer.Option("--provider", "-p", help="Run on this provider only.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Run on this model only.")] = None,
    chain: Annotated[
        list[str] | None, typer.Option("--chain", help="PROVIDER or PROVIDER/MODEL; repeat it in the order to try.")
    ] = None,
    route: Annotated[str | None, typer.Option(help="Run on a route of the configuration.")] = None,
    local_only: Annotated[
        bool, typer.Option("--local-only", help="Never leaves our own machines, whatever fails.")
    ] = False,
    free_only: Annotated[bool, typer.Option("--free-only", help="Never costs anything, whatever fails.")] = False,
    max_tokens: Annotated[int | None, typer.Option(help="Most tokens of the answer.")] = None,
    temperature: Annotated[float | None, typer.Option(help="From 0 to 2.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="Who looks at the answer: python-tests, python, json, nonempty.")
    ] = None,
    priority: Annotated[Priority, typer.Option(help="Interactive jobs come before batch jobs.")] = Priority.INTERACTIVE,
    deadline: Annotated[
        float | None, typer.Option(help="Seconds after which the job expires; a day if not given.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--idempotency-key", help="A second submission with the same key returns the first job."),
    ] = None,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait", "-w", help="Wait for the answer and print it; fail at once if no pool could take the job."
        ),
    ] = False,
    stream: Annotated[bool, typer.Option("--stream", help="Print the answer while it is made.")] = False,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hand in one job and print its id, or with --wait its answer.

    Examples:

      fleet submit "Write pytest tests for def add(a, b): return a + b" -t test-generation --wait

      fleet submit -f job.json

      git diff | fleet submit - -t code-review --local-only
    """
    if file is not None:
        spec = _from_file(file)
    else:
        given: dict[str, Any] = {
            "task_type": task_type,
            "complexity": _level(complexity),
            "agent": agent,
            "provider": provider,
            "model": model,
            "route": route,
            "chain": chain or (),
            "constraints": {"local_only": local_only, "free_only": free_only},
            "judge": judge,
            "priority": priority,
            "deadline_s": deadline,
            "idempotency_key": key,
        }
        request = {"max_tokens": max_tokens, "temperature": temperature}
        spec = _from_options(prompt, system, request, given)
    if stream:
        spec = spec.model_copy(update={"stream": True})
    run_async(_submit(spec, config, wait=wait, timeout_s=timeout, as_json=as_json))


def _level(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.lstrip("-").isdigit() else text


def _from_file(file: Path) -> JobSpec:
    try:
        return parse_spec(json.loads(file.read_text()))
    except (json.JSONDecodeError, UnicodeDecodeError) as wrong:
        raise InvalidRequest(f"{file}: not JSON: {wrong}") from None
    except OSError as wrong:
        raise InvalidRequest(f"{file}: {wrong.strerror}") from None


def _from_options(prompt: str | None, system: str | None, request: dict[str, Any], given: dict[str, Any]) -> JobSpec:
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text or not text.strip():
        raise InvalidRequest("the prompt is empty; give one, `-` for standard input, or a job with --file")
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": text})
    asked = {name: value for name, value in request.items() if value is not None}
    fields = {name: value for name, value in given.items() if value is not None}
    return parse_spec({"request": {"messages": messages, **asked}, **fields})


async def _submit(spec: JobSpec, config: Path | None, *, wait: bool, timeout_s: float | None, as_json: bool) -> None:
    async with fleet_client(config) as client:
        job_id = await client.submit(spec, must_run=wait or spec.stream)
        if spec.stream:
            err.print(f"[dim]job {job_id}[/]")
            await show_stream(client, job_id, after="0", as_json=as_json)
            return
        if not wait:
            out.print_json(data={"job_id": job_id}) if as_json else out.print(job_id, markup=False)
            return
        err.print(f"[dim]job {job_id}[/]")
        await _show_outcome(client, job_id, timeout_s, as_json=as_json)


def result(
    job: JobArgument, timeout: TimeoutOption = 0.0, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Print a job's answer, if it has one yet.

    Ends with code 1 if the job failed, and with 5 if it has not ended within --timeout.
    """
    run_async(_await(job, timeout, as_json, config))


def wait(
    job: JobArgument, timeout: TimeoutOption = None, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Wait until a job has ended, and print its answer."""
    run_async(_await(job, timeout, as_json, config))


async def _await(job: str, timeout_s: float | None, as_json: bool, config: Path | None) -> None:
    async with fleet_client(config, wait_for_redis_s=60) as client:
        await _show_outcome(client, job, timeout_s, as_json=as_json)


async def _show_outcome(client: AsyncClient, job_id: str, timeout_s: float | None, *, as_json: bool) -> None:
    try:
        outcome = (
            await client.store.outcome(job_id) if timeout_s == 0 else await client.wait(job_id, timeout_s=timeout_s)
        )
    except TimeoutError:
        outcome = None
    if outcome is None:
        job = await client.job(job_id)
        err.print(f"job {job_id} is {job.state} in {job.queue}")
        raise typer.Exit(5)
    if as_json:
        out.print_json(data=_outcome_fields(outcome))
    elif outcome.answer is not None:
        sys.stdout.write(outcome.answer.text + "\n")
    if outcome.answer is None:
        raise JobFailed(f"job {job_id} {outcome.state}: {outcome.error}")


def _outcome_fields(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer.model_dump(mode="json") if outcome.answer else None
    return {"job_id": outcome.job_id, "state": outcome.state, "answer": answer, "error": outcome.error}


def cancel(jobs: Annotated[list[str], typer.Argument(help="Ids of jobs.")], config: ConfigOption = None) -> None:
    """Cancel jobs: waiting ones at once, running ones within a second; their connection to the provider is closed."""
    run_async(_cancel(jobs, config))


async def _cancel(jobs: list[str], config: Path | None) -> None:
    async with fleet_client(config) as client:
        for job_id in jobs:
            state = await client.cancel(job_id)
            out.print(f"{job_id} {'stopping' if state == 'running' else state}", markup=False)


def job(job_id: JobArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show a job: its state, where it waits, and every attempt with its target, outcome and cost."""
    run_async(show_job(job_id, as_json, config))


async def show_job(job_id: str, as_json: bool, config: Path | None) -> None:
    """Print a job's record and its attempts."""
    async with fleet_client(config) as client:
        record, attempts = await client.job(job_id), await client.attempts(job_id)
    if as_json:
        fields = {name: getattr(record, name) for name in Job.__slots__}
        out.print_json(data={**fields, "attempts_made": [entry.model_dump() for entry in attempts]})
        return
    facts = Table(show_header=False, box=None)
    for name in ("state", "task_type", "complexity", "lane", "queue", "agent", "batch", "custom_id", "reason"):
        if getattr(record, name):
            facts.add_row(f"[bold]{name.replace('_', ' ')}[/]", str(getattr(record, name)))
    out.print(facts)
    if attempts:
        out.print(_attempt_table(attempts, since=record.since))


def _attempt_table(attempts: list[Attempt], *, since: int) -> Table:
    """since: the record's; a line is drawn under the attempts from before the job was replayed."""
    before = max((entry.epoch for entry in attempts if entry.epoch <= since), default=None)
    table = Table("attempt", "target", "outcome", "seconds", "tokens in/out", "cost USD", "message")
    for entry in attempts:
        cost = "unknown" if entry.cost_usd is None else f"{entry.cost_usd:.6f}"
        tokens = f"{entry.input_tokens}/{entry.output_tokens}"
        table.add_row(
            str(entry.number),
            entry.target,
            entry.outcome,
            f"{entry.total_s:.2f}",
            tokens,
            cost,
            entry.message,
            end_section=entry.epoch == before,
        )
    return table
