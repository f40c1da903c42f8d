"""`fleet dead-letter`: jobs that failed for good."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ...tasks.dead_letters import DeadLetters
from ...tasks.errors import InvalidRequest, JobNotFound
from ...tasks.job import Job
from .console import err, out
from .jobs import show_job
from .session import ConfigOption, JsonOption, fleet_client, run_async

app = typer.Typer(
    name="dead-letter", help="Jobs that failed for good: look at them, replay or drop them.", no_args_is_help=True
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of jobs.", show_default=False)]
_ALL = 1_000_000
AllOption = Annotated[bool, typer.Option("--all", help="All of them instead of those named.")]


@app.command("list")
def list_them(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, the newest first.")] = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the dead letters, newest first, with why each of them failed.

    Examples:

      fleet dead-letter list

      fleet dead-letter list --limit 10 --json
    """
    jobs = run_async(_newest(config, limit))
    if as_json:
        out.print_json(data=[_fields(job) for job in jobs])
        return
    table = Table("job", "task type", "agent", "attempts", "failed at", "reason", box=None, pad_edge=False)
    for job in jobs:
        when = datetime.fromtimestamp(job.finished_at or 0, UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(job.id, job.task_type, job.agent, str(job.attempts), when, escape(job.reason))
    if jobs:
        out.print(table)
    err.print(f"{len(jobs)} dead letters" if len(jobs) != 1 else "1 dead letter")


async def _newest(config: Path | None, limit: int) -> list[Job]:
    async with fleet_client(config) as client:
        return await DeadLetters(client.store).newest(at_most=limit)


def _fields(job: Job) -> dict[str, object]:
    return {
        "job_id": job.id,
        "task_type": job.task_type,
        "agent": job.agent,
        "batch": job.batch,
        "custom_id": job.custom_id,
        "attempts": job.attempts,
        "worker_deaths": job.deaths,
        "failed_at": job.finished_at,
        "reason": job.reason,
    }


@app.command()
def show(
    job: Annotated[str, typer.Argument(help="The job's id.")], as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Show one with all its attempts.

    Example:

      fleet dead-letter show 3q5w2l7kzbh4dgm6yxv5n2cdae
    """
    run_async(show_job(job, as_json, config))


@app.command()
def replay(
    jobs: Ids = None, everything: AllOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Queue dead letters again as if they were new.

    Examples:

      fleet dead-letter replay 3q5w2l7kzbh4dgm6yxv5n2cdae

      fleet dead-letter replay --all --json
    """
    done = run_async(_each(config, jobs or [], everything, DeadLetters.replay))
    _tell(done, "queued again", as_json)


@app.command()
def drop(
    jobs: Ids = None, everything: AllOption = False, as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Forget dead letters. Their records stay readable until they expire.

    Examples:

      fleet dead-letter drop 3q5w2l7kzbh4dgm6yxv5n2cdae

      fleet dead-letter drop --all --json
    """
    done = run_async(_each(config, jobs or [], everything, DeadLetters.drop))
    _tell(done, "dropped", as_json)


@dataclass(frozen=True, slots=True)
class _Done:
    """Ids of jobs. unknown: not among the dead letters."""

    jobs: list[str] = field(default_factory=list[str])
    unknown: list[str] = field(default_factory=list[str])


async def _each(
    config: Path | None, jobs: list[str], everything: bool, act: Callable[[DeadLetters, str], Awaitable[None]]
) -> _Done:
    if bool(jobs) == everything:
        raise InvalidRequest("name the jobs, or say --all")
    done = _Done()
    async with fleet_client(config) as client:
        letters = DeadLetters(client.store)
        for job_id in [job.id for job in await letters.newest(at_most=_ALL)] if everything else jobs:
            try:
                await act(letters, job_id)
            except JobNotFound:
                done.unknown.append(job_id)
            else:
                done.jobs.append(job_id)
    return done


def _tell(done: _Done, word: str, as_json: bool) -> None:
    """What was done, also if not all of it could be. Raises JobNotFound for the rest."""
    if as_json:
        out.print_json(data={word.replace(" ", "_"): done.jobs})
    else:
        err.print(f"{len(done.jobs)} {word}")
    if done.unknown:
        raise JobNotFound(f"no dead letter {', '.join(done.unknown)}; fleet dead-letter list shows those there are")
