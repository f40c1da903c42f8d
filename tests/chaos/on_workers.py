"""Faults that strike workers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .crew import Crew, Hand
from .faults import Fault, Strike
from .striker import LOOK_EVERY_S, UNREACHED, Way

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Orphan:
    """A job whose owner was killed, and when (steady seconds)."""

    job: str
    worker: str
    at: float


async def nothing(_: str) -> Sequence[str]:
    return ()


@dataclass(slots=True)
class OnWorkers:
    """redis_away: locked while Redis is; then nobody reports. owned: the jobs that a worker holds."""

    crew: Crew
    redis_away: asyncio.Lock
    owned: Callable[[str], Awaitable[Sequence[str]]] = nothing
    orphans: list[Orphan] = field(default_factory=list[Orphan])

    @property
    def ways(self) -> Mapping[Fault, Way]:
        return {
            Fault.KILL_WORKER: self._kill,
            Fault.FREEZE_WORKER: self._freeze,
            Fault.STOP_WORKER: self._stop,
            Fault.CUT_OFF_WORKER: self._cut_off,
        }

    async def kill(self, hand: Hand) -> None:
        """Kill a worker, and note whose owner it was."""
        at = self.crew.kill(hand).began
        while True:
            try:
                self.orphans += [Orphan(job, hand.node, at) for job in await self.owned(hand.node)]
                return
            except UNREACHED:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _kill(self, strike: Strike) -> bool:
        if self.redis_away.locked():
            at_work = [hand for hand in self.crew.hands if not hand.frozen and not hand.doomed]
        else:
            at_work = await self.crew.up()
        if not at_work:
            return False
        await self.kill(_at(strike, at_work))
        return True

    async def _stop(self, strike: Strike) -> bool:
        at_work = await self.crew.up()
        if at_work:
            self.crew.stop(_at(strike, at_work))
        return bool(at_work)

    async def _freeze(self, strike: Strike) -> bool:
        at_work = await self.crew.up()
        if at_work:
            await self.crew.freeze(_at(strike, at_work), strike.lasts_s)
        return bool(at_work)

    async def _cut_off(self, strike: Strike) -> bool:
        linked = [hand for hand in await self.crew.up() if hand.post.link]
        if linked:
            await self.crew.cut_off(_at(strike, linked), strike.lasts_s, silently=strike.where * 10 % 1 < 0.5)
        return bool(linked)


def _at(strike: Strike, victims: Sequence[_T]) -> _T:
    return victims[int(strike.where * len(victims))]
