"""A batch file handed in now, and its output fetched later: the two ends of `batch_run`, apart."""

from collections.abc import Sequence
from pathlib import Path
from time import time

from .batch import DEFAULT_WINDOW
from .batch_collect import output_line
from .batch_file import opened, read_batch
from .batch_line import LineError
from .batch_output import refused_line
from .batch_progress import RunProgress
from .batch_resume import read_finished
from .batch_submit import LineOptions, submit_lines
from .client import AsyncClient
from .line_file import LineFile


async def create_batch(
    client: AsyncClient,
    source: Path,
    options: LineOptions,
    progress: RunProgress,
    *,
    name: str = "",
    window: int = DEFAULT_WINDOW,
) -> None:
    """Hand in a file as a batch; `progress` tells its id. Lines that are no requests are kept for its output.

    window: jobs in each queue at a time. Raises InvalidRequest, FleetUnavailable.
    """

    async def refuse(errors: Sequence[LineError]) -> None:
        await client.keep_refused(progress.batch, {error.number: error.to_json() for error in errors})
        progress.refused += len(errors)

    with opened(source) as file:
        progress.batch = await client.open_batch(name=name or source.name, agent=options.agent, window=window)
        await submit_lines(client, progress.batch, read_batch(file), options, refuse)
    await client.seal_batch(progress.batch)
    progress.submitted = (await client.batch_status(progress.batch)).total
    progress.all_submitted = True


async def write_results(client: AsyncClient, batch: str, output: Path, progress: RunProgress, *, follow: bool) -> None:
    """Write the lines of what has ended, after those that the file has already.

    A line that is written stays, also if its job is replayed: the new outcome goes into a new file. follow: until the
    batch is finished. Raises JobNotFound, InvalidRequest, CannotWrite, FleetUnavailable.
    """
    progress.batch = (await client.batch_status(batch)).id
    refused: set[int] = set()

    async def write_refused() -> None:
        errors = [LineError.from_json(raw) for raw in await client.refused(batch)]
        new = [error for error in errors if error.number not in refused and not finished.covers(error)]
        out.write(refused_line(error) for error in new)
        refused.update(error.number for error in new)
        progress.refused = len(refused)

    with LineFile(output) as out:
        finished = read_finished(output)
        out.keep(finished.whole_bytes)
        progress.finished_before = len(finished.custom_ids) + len(finished.refused)
        await write_refused()
        written = set(finished.custom_ids)
        async for _, outcome, custom_id in client.outcomes(batch, follow=follow):
            # Jobs that came from elsewhere than a file need no custom_id.
            known_as = custom_id or outcome.job_id
            if known_as not in written:
                written.add(known_as)
                out.write([await output_line(client, outcome, known_as, now=time())])
                progress.note(succeeded=outcome.answer is not None)
        await write_refused()  # once more: while it was followed, the batch may still have been handed in
