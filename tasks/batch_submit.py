"""From the lines of a batch file to the jobs of a batch."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import blake2b

from ..routing.lanes import DEFAULT_TASK_TYPE, Priority
from .batch_line import BatchLine, LineError, LineFault
from .client import AsyncClient
from .errors import InvalidRequest, NoTarget, UnknownName
from .job import DEFAULT_DEADLINE_S, JobSpec
from .overlapped import breathing
from .prepared import Prepared
from .submission import ID_BYTES, Preparer

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
    name = f"{batch}\n{line.custom_id}".encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=ID_BYTES).hexdigest()


async def submit_lines(
    client: AsyncClient, batch: str, lines: Iterable[BatchLine | LineError], options: LineOptions, refuse: Refuse
) -> None:
    """Hand in a file's lines, and give those that cannot be jobs to `refuse`, some at a time.

    Waits while Redis is away as the client does, then raises FleetUnavailable.
    """
    jobs = _prepared(client, batch, lines, options, refuse)
    async with aclosing(client.hand_in(jobs, batch=batch)) as stored:
        async for _ in stored:
            pass


async def _prepared(
    client: AsyncClient, batch: str, lines: Iterable[BatchLine | LineError], options: LineOptions, refuse: Refuse
) -> AsyncGenerator[list[Prepared]]:
    """The jobs of the lines that can be jobs, a few at a time: what is parsed is many times what is kept of it."""
    async for few in breathing(lines):
        preparer = await client.preparer()
        found = [_job(preparer, line, batch, options) for line in few]
        refused = [each for each in found if isinstance(each, LineError)]
        if refused and (newest := await client.preparer(anew=True)) is not preparer:
            # A pool has come in the meantime, and may run what nobody could.
            found = [_job(newest, line, batch, options) for line in few]
            refused = [each for each in found if isinstance(each, LineError)]
        if refused:
            await refuse(refused)
        yield [each for each in found if isinstance(each, Prepared)]


def _job(preparer: Preparer, line: BatchLine | LineError, batch: str, options: LineOptions) -> Prepared | LineError:
    if isinstance(line, LineError):
        return line
    try:
        return preparer.prepare(spec_of(line, options), job_id=id_of(line, batch))
    except (InvalidRequest, NoTarget) as refused:
        return _refusal(line, refused)


def _refusal(line: BatchLine, refused: InvalidRequest | NoTarget) -> LineError:
    unknown_model = isinstance(refused, UnknownName) and line.model is not None
    code = LineFault.MODEL_NOT_FOUND if unknown_model else LineFault.INVALID_REQUEST
    return LineError(line.number, line.custom_id, code, str(refused), "body.model" if unknown_model else None)
