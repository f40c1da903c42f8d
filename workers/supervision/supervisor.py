"""Keeps a set of children running until it is told to end them all."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self

import structlog

from .child import Child, ChildSpec
from .restart import GiveUp, RestartPolicy, after_exit, described

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """detail: why it waits or was given up, for people."""

    state: Literal["starting", "running", "waiting", "given_up", "stopped"]
    pid: int | None = None
    starts: int = 0
    detail: str = ""


class Supervisor:
    """An asynchronous context manager; leaving it ends all children.

    stop_within_s: how long children may take to end in order before they are killed.
    """

    def __init__(
        self,
        policy: RestartPolicy | None = None,
        *,
        stop_within_s: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.status: dict[str, ChildStatus] = {}
        self._policy = policy or RestartPolicy()
        self._stop_within_s = stop_within_s
        self._clock = clock
        self._running: dict[str, Child] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._ending = asyncio.Event()

    def start(self, spec: ChildSpec) -> None:
        """Keep a child running from now on."""
        if spec.name in self._keepers:
            raise ValueError(f"a child named {spec.name!r} is supervised already")
        self.status[spec.name] = ChildStatus("starting")
        self._keepers[spec.name] = asyncio.create_task(self._keep(spec), name=f"keep {spec.name}")

    async def wait(self) -> None:
        """Return when no child is left that runs or will run again."""
        while left := [keeper for keeper in self._keepers.values() if not keeper.done()]:
            await asyncio.wait(left)

    async def stop(self) -> None:
        """End all children: they are asked, then given time, then killed."""
        self._ending.set()
        for child in self._running.values():
            child.terminate()
        try:
            async with asyncio.timeout(self._stop_within_s):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def hurry(self, *, within_s: float = 5.0) -> None:
        """Ask children that are ending a second time, which pools take as haste; then kill what is left."""
        self._ending.set()
        for child in self._running.values():
            child.terminate()
        asyncio.get_running_loop().call_later(within_s, self.kill)

    def kill(self) -> None:
        """End all children at once."""
        self._ending.set()
        for name, child in self._running.items():
            log.warning("child.killed", name=name, pid=child.pid)
            child.kill()

    async def _keep(self, spec: ChildSpec) -> None:
        short_runs, starts = 0, 0
        while not self._ending.is_set():
            starts += 1
            began = self._clock()
            try:
                code = await self._run(spec, starts)
            except OSError as failed:
                self._give_up(spec, starts, f"it cannot be started: {failed}")
                return
            if self._ending.is_set():
                break
            ran_s = self._clock() - began
            step = after_exit(self._policy, code=code, ran_s=ran_s, short_runs=short_runs)
            if isinstance(step, GiveUp):
                self._give_up(spec, starts, step.reason)
                return
            short_runs = step.short_runs
            log.warning("child.exited", name=spec.name, reason=described(code), ran_s=ran_s, again_in_s=step.delay_s)
            self.status[spec.name] = ChildStatus("waiting", None, starts, described(code))
            await self._pause(step.delay_s)
        self.status[spec.name] = ChildStatus("stopped", None, starts)

    async def _run(self, spec: ChildSpec, starts: int) -> int:
        child = await Child.spawn(spec)
        self._running[spec.name] = child
        self.status[spec.name] = ChildStatus("running", child.pid, starts)
        log.debug("child.started", name=spec.name, pid=child.pid)
        if self._ending.is_set():
            child.terminate()
        try:
            return await child.wait()
        finally:
            del self._running[spec.name]

    def _give_up(self, spec: ChildSpec, starts: int, reason: str) -> None:
        log.error("child.given_up", name=spec.name, reason=reason)
        self.status[spec.name] = ChildStatus("given_up", None, starts, reason)

    async def _pause(self, delay_s: float) -> None:
        """Wait, but not longer than until the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._ending.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
