"""Faults that strike workers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .crew import Crew, Hand
from .faults import Fault, Strike
from .striker import Way

_T = TypeVar("_T")


async def nobody_notes(_worker: str, _at: float) -> None:
    """For who does not ask who owned what."""


@dataclass(slots=True)
class OnWorkers:
    """redis_away: locked while Redis is; then nobody reports. note: told who was killed, and when."""

    crew: Crew
    redis_away: asyncio.Lock
    note: Callable[[str, float], Awaitable[None]] = nobody_notes

    @property
    def ways(self) -> Mapping[Fault, Way]:
        return {
            Fault.KILL_WORKER: self._kill,
            Fault.FREEZE_WORKER: self._freeze,
            Fault.STOP_WORKER: self._stop,
            Fault.CUT_OFF_WORKER: self._cut_off,
        }

    async def kill(self, hand: Hand) -> None:
        await self.note(hand.node, self.crew.kill(hand).began)

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
