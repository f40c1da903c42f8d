"""From the lines of a batch file to the jobs of a batch."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from ..routing.lanes import DEFAULT_TASK_TYPE, Priority
from .batch_line import BatchLine, LineError, LineFault
from .client import CHUNK, AsyncClient
from .errors import FleetUnavailable, InvalidRequest, NoTarget, UnknownName
from .job import DEFAULT_DEADLINE_S, JobSpec

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


def spec_of(line: BatchLine, batch: str, options: LineOptions) -> JobSpec:
    """The job of a line. Handed in again under the same batch, it is the same job."""
    request = line.request.model_copy(update={"stream": True}) if options.stream else line.request
    return JobSpec(
        request=request,
        task_type=options.task_type,
        agent=options.agent,
        model=options.model or line.model,
        priority=Priority.BATCH,
        deadline_s=options.deadline_s,
        custom_id=line.custom_id,
        idempotency_key=f"{batch}:{blake2b(line.custom_id.encode(), digest_size=16).hexdigest()}",
    )


async def submit_lines(
    client: AsyncClient, batch: str, lines: Iterable[BatchLine | LineError], options: LineOptions, refuse: Refuse
) -> None:
    """Hand in a file's lines, a chunk at a time, and give those that cannot be jobs to `refuse`.

    Waits while Redis is away as the client does, then raises FleetUnavailable.
    """
    for chunk in _chunks(lines):
        refused = [line for line in chunk if isinstance(line, LineError)]
        good = [line for line in chunk if isinstance(line, BatchLine)]
        refused += await _hand_in(client, batch, good, options)
        await refuse(refused)


def _chunks(lines: Iterable[BatchLine | LineError]) -> Iterator[list[BatchLine | LineError]]:
    each = iter(lines)
    while chunk := list(islice(each, CHUNK)):
        yield chunk


async def _hand_in(
    client: AsyncClient, batch: str, lines: Sequence[BatchLine], options: LineOptions
) -> list[LineError]:
    """Hand in lines; those that the fleet refuses. A refusal stores nothing of its chunk, so the halves are tried."""
    if not lines:
        return []
    try:
        await _submit(client, batch, [spec_of(line, batch, options) for line in lines])
    except (InvalidRequest, NoTarget) as refused:
        if len(lines) == 1:
            return [_refusal(lines[0], refused)]
        half = len(lines) // 2
        first = await _hand_in(client, batch, lines[:half], options)
        return first + await _hand_in(client, batch, lines[half:], options)
    return []


async def _submit(client: AsyncClient, batch: str, specs: Sequence[JobSpec]) -> None:
    while True:
        try:
            async for _ in client.submit_many(specs, batch=batch):
                pass
            return
        except FleetUnavailable:
            # What may have been stored before the connection broke is known by its idempotency key.
            await client.ping()


def _refusal(line: BatchLine, refused: InvalidRequest | NoTarget) -> LineError:
    unknown_model = isinstance(refused, UnknownName) and line.model is not None
    code = LineFault.MODEL_NOT_FOUND if unknown_model else LineFault.INVALID_REQUEST
    return LineError(line.number, line.custom_id, code, str(refused), "body.model" if unknown_model else None)
