"""Faults that strike the port itself, one at a time: refused connections, and connections that hang."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from .door import Door
from .faults.board import Active
from .faults.fault import Severance


@dataclass(frozen=True, slots=True, eq=False)
class _Strike:
    """over: set when the fault is switched off."""

    active: Active
    how: Severance
    over: asyncio.Event = field(default_factory=asyncio.Event)


class ListenerFaults:
    """door: what is struck. sever: ends the connections that are open. ended: told when a fault's own time is over.

    A strike is never cancelled while it moves the door: it is told to end, and awaited.
    """

    def __init__(self, door: Door, sever: Callable[[], None], ended: Callable[[Active], None]) -> None:
        self._door, self._sever, self._ended = door, sever, ended
        self._strike: _Strike | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, active: Active, how: Severance) -> None:
        """One that strikes already ends first."""
        if self._strike:
            self._strike.over.set()
        self._strike = _Strike(active, how)
        self._task = asyncio.create_task(self._run(self._strike, self._task))

    async def end(self, name: str | None = None) -> None:
        """The fault of that name, or whichever strikes; the port is open again afterwards."""
        if self._strike and name in (None, self._strike.active.spec.fault.name):
            self._strike.over.set()
        if self._strike and self._strike.over.is_set() and self._task:
            await self._task

    async def _run(self, strike: _Strike, before: asyncio.Task[None] | None) -> None:
        if before:
            await before
        spec = strike.active.spec
        await _over_within(strike, spec.after.seconds or 0.0)
        if strike.over.is_set():
            return
        if strike.how is Severance.REFUSE:
            await self._door.shut()
            self._sever()
        else:
            await self._door.jam()
        strike.active.struck += 1
        await _over_within(strike, spec.lasting.seconds if spec.lasting else None)
        await self._door.open()
        if not strike.over.is_set():
            strike.over.set()
            self._ended(strike.active)


async def _over_within(strike: _Strike, seconds: float | None) -> None:
    """Wait until the fault is switched off, or for so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await strike.over.wait()
