"""`fleet result`, `wait`, `cancel` and `job`: single jobs."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from ...tasks.client import AsyncClient
from ...tasks.errors import JobFailed, JobNotFound
from ...tasks.job import Job, JobState
from ...tasks.job_wait import read_wait
from ...tasks.results import Outcome
from .answer_view import may_be_left, print_answer
from .console import err, out
from .job_view import attempt_table, facts_table
from .session import ConfigOption, JsonOption, fleet_client, run_async

JobArgument = Annotated[str, typer.Argument(help="The job's id, as `fleet submit` printed it.", show_default=False)]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", min=0, help="Seconds to wait at most.", show_default=False)
]


def result(
    job: JobArgument, timeout: TimeoutOption = 0.0, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Print a job's answer, if it has one yet.

    Ends with code 1 if the job failed, and with 5 if it has not ended within --timeout.

    Examples:

      fleet result 3q5w2l7kzbh4dgm6yxv5n2cdae

      fleet result 3q5w2l7kzbh4dgm6yxv5n2cdae --timeout 30 --json
    """
    run_async(_await(job, timeout, as_json, config))


def wait(
    job: JobArgument, timeout: TimeoutOption = None, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Wait until a job has ended, and print its answer.

    Example:

      fleet wait 3q5w2l7kzbh4dgm6yxv5n2cdae --timeout 600
    """
    run_async(_await(job, timeout, as_json, config))


async def _await(job: str, timeout_s: float | None, as_json: bool, config: Path | None) -> None:
    async with fleet_client(config, patient=True, timeout_s=timeout_s) as client:
        await show_outcome(client, job, timeout_s, as_json=as_json)


async def show_outcome(client: AsyncClient, job_id: str, timeout_s: float | None, *, as_json: bool) -> None:
    """Print an answer. Raises JobFailed if there is none, typer.Exit if there is none yet within `timeout_s`."""
    try:
        with may_be_left(job_id, "wait"):
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
        print_answer(outcome.answer)
    if outcome.answer is None:
        raise JobFailed(f"job {job_id} {outcome.state}: {outcome.error}")


def _outcome_fields(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer.model_dump(mode="json") if outcome.answer else None
    return {"job_id": outcome.job_id, "state": outcome.state, "answer": answer, "error": outcome.error}


def cancel(
    jobs: Annotated[list[str], typer.Argument(help="Ids of jobs.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Cancel jobs: waiting ones at once, running ones within a second; their connection to the provider is closed.

    Examples:

      fleet cancel 3q5w2l7kzbh4dgm6yxv5n2cdae

      fleet cancel 3q5w2l7kzbh4dgm6yxv5n2cdae --json
    """
    words = run_async(_cancel(jobs, config))
    known = {job_id: word for job_id, word in words.items() if word is not None}
    if as_json:
        out.print_json(data=[{"job_id": job_id, "state": word} for job_id, word in known.items()])
    else:
        for job_id, word in known.items():
            out.print(f"{job_id} {word}", markup=False)
    if unknown := [job_id for job_id in words if job_id not in known]:
        raise JobNotFound(f"no job {', '.join(unknown)}")


async def _cancel(jobs: list[str], config: Path | None) -> dict[str, str | None]:
    """What each job is now, by id; None: there is none."""
    words: dict[str, str | None] = {}
    async with fleet_client(config) as client:
        for job_id in jobs:
            try:
                state = await client.cancel(job_id)
            except JobNotFound:
                words[job_id] = None
            else:
                words[job_id] = "stopping" if state is JobState.RUNNING else state.value
    return words


def job(job_id: JobArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show a job: its state, where it waits and why, and every attempt with its target, outcome and cost.

    Example:

      fleet job 3q5w2l7kzbh4dgm6yxv5n2cdae
    """
    run_async(show_job(job_id, as_json, config))


async def show_job(job_id: str, as_json: bool, config: Path | None) -> None:
    """Print a job's record and its attempts."""
    async with fleet_client(config) as client:
        record, attempts = await client.job(job_id), await client.attempts(job_id)
        wait = await read_wait(record, client.store, client.fleet)
    if as_json:
        fields = {name: getattr(record, name) for name in Job.__slots__}
        waits = dataclasses.asdict(wait) if wait else None
        out.print_json(data={**fields, "waits": waits, "attempts_made": [entry.model_dump() for entry in attempts]})
        return
    out.print(facts_table(record, wait))
    if attempts:
        out.print()
        out.print(attempt_table(attempts, since=record.since))
