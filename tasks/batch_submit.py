"""From the lines of a batch file to the jobs of a batch."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import blake2b

from ..routing.lanes import DEFAULT_TASK_TYPE, Priority
from .batch_line import BatchLine, LineError, LineFault
from .client import CHUNK, AsyncClient
from .errors import InvalidRequest, NoTarget, UnknownName
from .job import DEFAULT_DEADLINE_S, JobSpec
from .overlapped import breathing, chunked
from .prepared import Prepared
from .submission import written_id

#: What is done with lines that cannot be jobs.
Refuse = Callable[[Sequence[LineError]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LineOptions:
    """What a file's lines do not say themselves.

    model: instead of the lines' own. stream: ask the providers for streams, so that a stalled answer is noticed early;
    the output is the same. deadline_s: seconds from submission.
    """

    task_type: str = DEFAULT_TASK_TYPE
    agent: str = "default"
    model: str | None = None
    stream: bool = False
    deadline_s: float = DEFAULT_DEADLINE_S


def spec_of(line: BatchLine, options: LineOptions) -> JobSpec:
    """The job of a line."""
    request = line.request.model_copy(update={"stream": True}) if options.stream else line.request
    return JobSpec(
        request=request,
        task_type=options.task_type,
        agent=options.agent,
        model=options.model or line.model,
        priority=Priority.BATCH,
        deadline_s=options.deadline_s,
        custom_id=line.custom_id,
    )


def id_of(line: BatchLine, batch: str) -> str:
    """The id of a line's job: handed in again under the same batch, it is the same job."""
    return written_id(blake2b(f"{batch}\n{line.custom_id}".encode("utf-8", "surrogatepass"), digest_size=16).digest())


async def submit_lines(
    client: AsyncClient, batch: str, lines: Iterable[BatchLine | LineError], options: LineOptions, refuse: Refuse
) -> None:
    """Hand in a file's lines, a chunk at a time, and give those that cannot be jobs to `refuse`.

    Waits while Redis is away as the client does, then raises FleetUnavailable.
    """
    async with aclosing(client.hand_in(_prepared(client, batch, lines, options, refuse), batch=batch)) as stored:
        async for _ in stored:
            pass


async def _prepared(
    client: AsyncClient, batch: str, lines: Iterable[BatchLine | LineError], options: LineOptions, refuse: Refuse
) -> AsyncGenerator[list[Prepared]]:
    """The jobs of the lines that can be jobs, a chunk at a time."""
    for chunk in chunked(lines, CHUNK):
        preparer = await client.preparer()
        jobs: list[Prepared] = []
        refused: list[LineError] = []
        async for line in breathing(chunk):
            if isinstance(line, LineError):
                refused.append(line)
                continue
            try:
                jobs.append(preparer.prepare(spec_of(line, options), job_id=id_of(line, batch)))
            except (InvalidRequest, NoTarget) as why:
                refused.append(_refusal(line, why))
        await refuse(refused)
        if jobs:
            yield jobs


def _refusal(line: BatchLine, refused: InvalidRequest | NoTarget) -> LineError:
    unknown_model = isinstance(refused, UnknownName) and line.model is not None
    code = LineFault.MODEL_NOT_FOUND if unknown_model else LineFault.INVALID_REQUEST
    return LineError(line.number, line.custom_id, code, str(refused), "body.model" if unknown_model else None)
