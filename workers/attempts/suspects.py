"""Jobs that may be what kills their workers, and what may run beside them.

A job that was running when a worker died is either what killed it or was merely beside it. After some deaths it never
runs beside another such job, and after all but the last it runs with nothing beside it at all. So what is given up as
poisonous has killed a worker in which nothing else ran.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import structlog

from ...tasks.store import DEATHS
from .leases import Leases, Running

log = structlog.get_logger()

#: Worker deaths after which a job is a suspect.
SUSPECT_DEATHS = 2


def _nobody_alone() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class Suspects:
    """Those among the jobs that one process runs."""

    leases: Leases
    _shared: asyncio.Event = field(default_factory=_nobody_alone)
    _left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def isolated(self) -> bool:
        """Whether a job runs alone, or is about to."""
        return not self._shared.is_set()

    async def pass_by(self) -> None:
        """Returns when no job is to run alone; what comes meanwhile stays unclaimed, for other workers."""
        await self._shared.wait()

    @contextmanager
    def counted(self, running: Running) -> Generator[None]:
        """A job that runs, with its lease."""
        try:
            with self.leases.hold(running):
                yield
        finally:
            self._left.set()

    def why_not(self, running: Running) -> str | None:
        """Why a job must not run here now, None if it may."""
        suspect = running.job.deaths >= SUSPECT_DEATHS
        if suspect and any(each.job.deaths >= SUSPECT_DEATHS for each in self._beside(running)):
            return "it may kill its worker, and another such job runs here"
        return "another job may kill this worker, and runs alone" if self.isolated else None

    @asynccontextmanager
    async def alone(self, running: Running) -> AsyncGenerator[None]:
        """Keep everything else away from a job that must not outlive another worker; any other job just runs.

        Waiting for those that run already can be stopped as its call can.
        """
        if running.job.deaths < DEATHS:
            yield
            return
        self._shared.clear()
        log.warning("job.isolated", job_id=running.job.id, deaths=running.job.deaths)
        try:
            with running.stoppable():
                await self._until_alone(running)
            yield
        finally:
            self._shared.set()

    async def _until_alone(self, running: Running) -> None:
        while self._beside(running):
            self._left.clear()
            await self._left.wait()

    def _beside(self, running: Running) -> list[Running]:
        return [each for each in self.leases.held.values() if each is not running]
