"""Turns specs into records by the directory that the pools have published, which need not be read for every job."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ..routing.calibration import Calibration, Kind, raised
from ..routing.directory import Directory
from .errors import NoTarget, UnknownName
from .job import JobSpec
from .prepared import Prepared
from .request_size import sized
from .submission import Preparer

#: What is known of estimates.
Learned = Mapping[Kind, Calibration]

#: Seconds for which is trusted what was read.
_FRESH_S = 5.0


@dataclass(slots=True)
class Preparers:
    """read: the published directory. given: what is gone by instead, None is nothing. learned: of estimates, by all
    workers, for jobs that may cost only so much.
    """

    read: Callable[[], Awaitable[Directory | None]]
    given: Directory | None
    learned: Callable[[], Awaitable[Learned]]
    _kept: tuple[float, Preparer] | None = None
    _learned: tuple[float, Learned] | None = None

    def use(self, directory: Directory) -> None:
        """Go by these providers and routes from now on."""
        self.given, self._kept = directory, None

    async def current(self) -> Preparer:
        """By the directory as it was seconds ago at most."""
        if self._kept is None or (self.given is None and time.monotonic() - self._kept[0] > _FRESH_S):
            return await self.newest()
        return self._kept[1]

    async def newest(self) -> Preparer:
        """By the directory as it is; the same one as before if that has not changed."""
        found = self.given or await self.read() or Directory()
        kept = self._kept[1] if self._kept and self._kept[1].directory == found else Preparer(found)
        self._kept = (time.monotonic(), kept)
        return kept

    async def prepare(self, spec: JobSpec, *, job_id: str | None = None, canvas: str = "") -> Prepared:
        """The record of a job. None is refused that a pool could run which has come in the meantime."""
        preparer, counted = await self.current(), await self._raised(spec) if spec.capped else {}
        try:
            return preparer.prepare(spec, job_id=job_id, canvas=canvas, raised=counted)
        except (UnknownName, NoTarget):
            newest = await self.newest()
            if newest is preparer:
                raise
        return newest.prepare(spec, job_id=job_id, canvas=canvas, raised=counted)

    async def _raised(self, spec: JobSpec) -> dict[str, float]:
        """The targets that have lately counted more of such prompts than we estimate, as workers know them too."""
        if self._learned is None or time.monotonic() - self._learned[0] > _FRESH_S:
            self._learned = (time.monotonic(), await self.learned())
        return raised(self._learned[1], sized(spec.request).input_tokens, tools=bool(spec.request.tools))
