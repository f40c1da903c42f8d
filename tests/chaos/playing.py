"""Lets a schedule strike as the work goes on, until the work is over."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from .faults import Fault, Strike
from .striker import LOOK_EVERY_S, Striker


@dataclass(slots=True)
class Progress:
    """How a run stands. began, changed: steady seconds, of its beginning and of the last job that ended.

    up: workers at work. done: nothing more will be handed in, and all has ended.
    """

    name: str
    jobs: int
    handed_in: int = 0
    ended: int = 0
    up: int = 0
    done: bool = False
    struck: dict[Fault, int] = field(default_factory=dict[Fault, int])
    began: float = field(default_factory=time.monotonic)
    changed: float = field(default_factory=time.monotonic)

    def saw(self, ended: int) -> None:
        if ended != self.ended:
            self.ended, self.changed = ended, time.monotonic()

    @property
    def took_s(self) -> float:
        """Until the last job that ended."""
        return self.changed - self.began


Tell = Callable[[Progress], None]


async def play(
    schedule: Sequence[Strike],
    striker: Striker,
    progress: Progress,
    look: Callable[[], Awaitable[None]],
    tell: Tell,
    *,
    stuck_s: float,
) -> None:
    """Returns when all is done, or when nothing has ended for `stuck_s`: what has not by then never will.

    look: brings the progress up to date. tell: shows it.
    """
    coming = list(schedule)
    async with asyncio.TaskGroup() as strikes:
        while not progress.done and time.monotonic() - progress.changed < stuck_s:
            await look()
            progress.struck = dict(striker.struck)
            tell(progress)
            while coming and coming[0].at <= progress.ended / progress.jobs:
                strikes.create_task(striker.strike(coming.pop(0)))
            await asyncio.sleep(LOOK_EVERY_S)
