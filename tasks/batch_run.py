"""A batch file from its first line to its last answer. It may be interrupted anywhere, and run again.

What was handed in is not handed in again, and what was answered is not asked again: the batch's id stands beside the
output file until all is written, and each line is one job of that batch however often it is handed in.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from .batch import DEFAULT_WINDOW
from .batch_collect import output_line
from .batch_file import opened, read_batch
from .batch_line import BatchLine, LineError
from .batch_marker import RunMarker
from .batch_output import refused_line
from .batch_progress import RunProgress
from .batch_resume import Finished, read_finished
from .batch_submit import LineOptions, submit_lines
from .client import AsyncClient
from .errors import FleetError
from .line_file import LineFile


async def run_batch_file(
    client: AsyncClient,
    source: Path,
    output: Path,
    options: LineOptions,
    progress: RunProgress,
    *,
    window: int = DEFAULT_WINDOW,
) -> None:
    """Write one output line for each input line that has none yet, in the order of ending.

    window: jobs in each queue at a time. Raises InvalidRequest if a file is not what it should be, CannotWrite,
    FleetUnavailable; running it again goes on where it was.
    """
    marker = RunMarker.at(output, source)
    with opened(source) as file, LineFile(output) as out:
        finished = read_finished(output)
        out.keep(finished.whole_bytes)
        marker.write(source)
        progress.batch = marker.batch
        await client.open_batch(name=source.name, agent=options.agent, window=window, batch_id=marker.batch)
        run = _Run(client, out, finished, progress)
        await _together(run.submit(read_batch(file), options), run.collect())
    marker.remove()


class _Run:
    """The two halves of a run, which go on at the same time."""

    def __init__(self, client: AsyncClient, out: LineFile, finished: Finished, progress: RunProgress) -> None:
        self._client = client
        self._out = out
        self._finished = finished
        self._progress = progress
        self._written = set(finished.custom_ids)
        self._waiting: set[str] = set()
        self._all_submitted = asyncio.Event()

    async def submit(self, lines: Iterator[BatchLine | LineError], options: LineOptions) -> None:
        await submit_lines(self._client, self._progress.batch, self._unfinished(lines), options, self._refuse)
        await self._client.seal_batch(self._progress.batch)
        self._progress.all_submitted = True
        self._all_submitted.set()

    def _unfinished(self, lines: Iterator[BatchLine | LineError]) -> Iterator[BatchLine | LineError]:
        for line in lines:
            if self._finished.covers(line):
                self._progress.finished_before += 1
                continue
            if isinstance(line, BatchLine):
                self._progress.submitted += 1
                if line.custom_id not in self._written:
                    self._waiting.add(line.custom_id)
            yield line

    async def _refuse(self, errors: Sequence[LineError]) -> None:
        self._out.write(refused_line(error) for error in errors)
        self._progress.refused += len(errors)
        for error in errors:
            if error.custom_id in self._waiting:
                self._waiting.remove(error.custom_id)
                self._progress.submitted -= 1

    async def collect(self) -> None:
        """Write the jobs' lines as they end. A batch of an earlier run may end before this run has submitted all."""
        after = 0
        while True:
            knew_all = self._all_submitted.is_set()
            async for position, outcome, custom_id in self._client.outcomes(
                self._progress.batch, after=after, follow=True
            ):
                after = position
                if not custom_id or custom_id in self._written:
                    continue
                self._written.add(custom_id)
                self._out.write([await output_line(self._client, outcome, custom_id, now=time.time())])
                self._waiting.discard(custom_id)
                self._progress.note(succeeded=outcome.answer is not None)
            if knew_all:
                break
            await self._all_submitted.wait()
        if self._waiting:
            raise FleetError(f"the fleet has lost {len(self._waiting)} jobs; run the same command again to repeat them")


async def _together(*works: Coroutine[Any, Any, None]) -> None:
    """Run all; the first error ends the others, and is raised as it is."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
