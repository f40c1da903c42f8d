"""The leases of a pool's running jobs: renewed in one call, and a job is stopped when its lease is lost or it is
cancelled.
"""

import asyncio
import math
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from ...tasks.answer import Answer
from ...tasks.connection import PASSING
from ...tasks.job import Job, JobSpec
from ...tasks.store import Store
from ..patience import persist
from .lost_call import LostCall
from .occupancy import Occupancy

log = structlog.get_logger()

#: Seconds that a lease holds. A worker that dies is missed after this at the latest.
LEASE_S = 5.0
RENEW_EVERY_S = 1.0
#: Seconds that one renewal may take before it is tried over another connection.
RENEW_WITHIN_S = 1.5
#: Seconds until the next try while Redis is away.
RENEW_AGAIN_S = 0.25
#: Seconds for which a lease is taken to hold without asking.
SURE_S = 2.5
#: Seconds that a job which was taken ahead waits for a slot. Then others may have it.
SLOT_WITHIN_S = 0.25
#: Seconds after which the living workers have renewed their leases once Redis is back.
SETTLED_S = 2.0


class Stop(StrEnum):
    CANCELLED = "cancelled"  #: by a person; the job ends
    LOST = "lost"  #: somebody else has the job; nothing more is written
    SHUTDOWN = "shutdown"  #: the pool stops; the job goes back without using up an attempt


class Stopped(Exception):
    """A job must not be asked for, or not any longer; `Running.stop` says why."""


@dataclass(slots=True)
class Running:
    """A job that this process runs. call: the task that asks for it, while it does. stop: why it must stop.

    ends_at: the job's deadline, began_at: when it was claimed, target: who is asked, asked_at: since when; times are
    those of the executor's clock.
    paid: the answer that was paid for, or the beginning of one, or one that is none. lost: its call, if nobody has seen
    its bill. has_slot: its call may be made. on_free: called when another job may be taken; freed: it was. sure_at:
    when its lease was last asked for with success, on the leases' clock.
    """

    job: Job
    spec: JobSpec
    ends_at: float
    began_at: float = 0.0
    target: str = ""
    asked_at: float = 0.0
    call: "asyncio.Task[object] | None" = None
    stop: Stop | None = None
    paid: Answer | None = None
    lost: LostCall | None = None
    on_free: Callable[[], None] = lambda: None
    has_slot: bool = False
    freed: bool = False
    sure_at: float = -math.inf

    def end(self, why: Stop) -> None:
        """Stop its call, or keep it from being made. Once the call is over there is nothing to stop."""
        if self.stop is not None or self.freed:
            return
        self.stop = why
        if self.call is not None:
            self.call.cancel()

    @contextmanager
    def stoppable(self) -> Generator[None]:
        """What `end` cuts short. Raises Stopped if it did, or has been called before.

        The task goes on afterwards. One of its own for each call would cost two turns of a busy loop, in which the
        job's slot does nothing.
        """
        if self.stop is not None:
            raise Stopped
        self.call = asyncio.current_task()
        try:
            yield
        except asyncio.CancelledError:
            if self.stop is None:
                raise
            raise Stopped from None
        finally:
            if self.stop is not None and self.call is not None:
                self.call.uncancel()
            self.call = None


@dataclass(slots=True)
class Leases:
    """held: what runs, by job and epoch: a job whose lease was lost may come back before its first run has ended.

    clock: steady seconds, which go on while the process is frozen.
    """

    store: Store
    clock: Callable[[], float] = time.monotonic
    occupancy: Occupancy = field(default_factory=Occupancy)
    held: dict[tuple[str, int], Running] = field(default_factory=dict[tuple[str, int], Running])

    @contextmanager
    def hold(self, running: Running) -> Generator[None]:
        """Keep a job's lease as long as it runs."""
        key = (running.job.id, running.job.epoch)
        self.held[key] = running
        try:
            yield
        finally:
            del self.held[key]
            self.free(running)

    async def slot(self, running: Running) -> bool:
        """Whether a slot for its call came free in time."""
        running.has_slot = await self.occupancy.take(SLOT_WITHIN_S)
        return running.has_slot

    def free(self, running: Running) -> None:
        """Its call is over; what is left is to commit, which takes no slot."""
        if running.has_slot:
            running.has_slot = False
            self.occupancy.give_back()
        if not running.freed:
            running.freed = True
            running.on_free()

    async def keep(self) -> None:
        """Renew until cancelled."""
        away = False
        while True:
            await asyncio.sleep(RENEW_AGAIN_S if away else RENEW_EVERY_S)
            try:
                # A connection that a firewall has dropped would hang for longer than the leases hold; a new one works.
                async with asyncio.timeout(RENEW_WITHIN_S):
                    await self.renew()
                away = False
            except (*PASSING, TimeoutError) as failed:
                # The calls under way go on: once Redis is back, the reconciler gives us the time to renew.
                if not away:
                    log.warning("leases.not_renewed", jobs=len(self.held), error=str(failed) or "no reply in time")
                away = True

    async def renew(self) -> None:
        """Renew all leases; a job is stopped whose lease is lost, or that somebody has cancelled."""
        running = dict(self.held)
        if not running:
            return
        asked_at = self.clock()
        words = await self.store.renew(list(running), lease_s=LEASE_S)
        for each, word in zip(running.values(), words, strict=True):
            if word != "ok":
                each.end(Stop.CANCELLED if word == "cancel" else Stop.LOST)
            each.sure_at = asked_at

    async def assure(self, running: Running) -> None:
        """Know that a job's lease holds before money is spent: a process that was frozen took it longer ago than it
        knows.

        The job is stopped if it does not.
        """
        while running.stop is None and self.clock() - running.sure_at > SURE_S:
            await persist(self.renew)
            await asyncio.sleep(0)  # a stop that this brought ends the call here, before anything is sent

    async def listen(self, on_wake: Callable[[], None]) -> None:
        """Stop jobs at once when somebody cancels them; renewal notices it too, only later.

        on_wake: called when a queue has its first job.
        """
        cancelled, wake = self.store.key("cancel"), self.store.key("wake")
        while True:
            try:
                async with self.store.redis.pubsub() as news:
                    await news.subscribe(cancelled, wake)
                    async for message in news.listen():
                        if message["type"] == "message" and message["channel"].decode() == cancelled:
                            await self._cancelled(message["data"].decode())
                        elif message["type"] == "message":
                            on_wake()
            except PASSING:
                await asyncio.sleep(0.5)

    async def _cancelled(self, job_id: str) -> None:
        """Redis' channels are those of all its databases, in which other fleets may have a job of the same id."""
        meant = [running for running in self.held.values() if running.job.id == job_id]
        job = await self.store.job(job_id) if meant else None
        for running in meant:
            if job is not None and job.cancel_asked:
                running.end(Stop.CANCELLED)

    def hand_back(self) -> int:
        """Stop every call so that its job goes back to its queue; how many there were."""
        running = list(self.held.values())
        for each in running:
            each.end(Stop.SHUTDOWN)
        return len(running)
