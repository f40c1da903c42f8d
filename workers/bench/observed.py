"""Child processes that are measured: started, looked at while they are under load, and ended whatever happens."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import psutil

from ...tasks.errors import FleetUnavailable
from ..supervision.child import Child, ChildSpec
from .steady import Look

_LOOK_EVERY_S = 0.05
_STARTS_WITHIN_S = 60.0
_ENDS_WITHIN_S = 5.0

#: How many jobs have been done so far.
Done = Callable[[], Awaitable[int]]


class Observed:
    """A child that runs. Every method raises FleetUnavailable if it has ended, or does not get going in time."""

    def __init__(self, name: str, child: Child, said: deque[str]) -> None:
        self._name = name
        self._child = child
        self._said = said
        self._process = psutil.Process(child.pid)
        self._end = asyncio.create_task(child.wait())

    async def line_with(self, words: str) -> str:
        """The line in which it says these words."""
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while not (lines := [line for line in self._said if words in line]):
            await self._wait(until=deadline)
        return lines[0]

    async def looks(self, done: Done, *, ramp: int, seconds: float) -> list[Look]:
        """Looks at it for some seconds, from when it has done `ramp` jobs. done: of the jobs that it works on."""
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while (first := await self.look(done)).done < ramp:
            await self._wait(until=deadline)
        looks = [first]
        while looks[-1].at_s - first.at_s < seconds:
            await self._wait()
            looks.append(await self.look(done))
        return looks

    async def look(self, done: Done) -> Look:
        try:
            cpu, memory = self._process.cpu_times(), self._process.memory_info()
        except psutil.Error:
            raise self._failed("ended") from None
        return Look(time.monotonic(), await done(), cpu.user + cpu.system, memory.rss)

    async def _wait(self, until: float | None = None) -> None:
        if self._end.done():
            raise self._failed("ended")
        if until is not None and time.monotonic() > until:
            raise self._failed(f"did not get going in {_STARTS_WITHIN_S:.0f} s")
        await asyncio.sleep(_LOOK_EVERY_S)

    def _failed(self, how: str) -> FleetUnavailable:
        return FleetUnavailable(f"{self._name} {how}: {' / '.join(self._said) or 'it said nothing'}")

    async def kill(self) -> None:
        """End it as a crash would."""
        self._child.kill()
        await self._end

    async def end(self) -> None:
        """Ask it to end, and end it if it does not."""
        self._child.terminate()
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                await asyncio.shield(self._end)
        except TimeoutError:
            self._child.kill()
            await self._end


@asynccontextmanager
async def observed(name: str, command: tuple[str, ...], env: Mapping[str, str]) -> AsyncGenerator[Observed]:
    """A child that ends with the block."""
    said: deque[str] = deque(maxlen=5)
    child = Observed(name, await Child.spawn(ChildSpec(name, command, said.append, env)), said)
    try:
        yield child
    finally:
        await child.end()
