"""The worker processes of a run: one at each post, and another one when it has ended."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ..e2e.fleet import Worker, until
from .link import Link


@dataclass(frozen=True, slots=True)
class Post:
    """provider: whose pool the worker belongs to. skew_s: how wrong its host's clock is. link: how it reaches Redis, if
    not directly.
    """

    provider: str
    skew_s: float = 0.0
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a worker suffered, from when to when (steady seconds); a death has no end.

    what: `killed`, `stopped`, `frozen` or `cut off` by a strike; `ended` by itself.
    """

    worker: str
    what: str
    began: float
    ended: float = float("inf")


@dataclass(eq=False, slots=True)
class Hand:
    """One worker process at a post. doomed: it was told to end, or killed."""

    post: Post
    worker: Worker
    frozen: bool = False
    doomed: bool = False

    @property
    def node(self) -> str:
        return self.worker.node


@dataclass(slots=True)
class Crew:
    """launch: starts a worker for a post. living: the names of the workers that have come up and answer.

    troubles: everything that has happened to its workers.
    """

    launch: Callable[[Post], Awaitable[Worker]]
    living: Callable[[Sequence[Worker]], Awaitable[set[str]]]
    hands: list[Hand] = field(default_factory=list[Hand])
    troubles: list[Trouble] = field(default_factory=list[Trouble])
    _keeping: list["asyncio.Task[None]"] = field(default_factory=list["asyncio.Task[None]"])
    _closing: bool = False

    def man(self, posts: Sequence[Post]) -> None:
        """Have a worker at each post from now on."""
        self._keeping += [asyncio.create_task(self._keep(post)) for post in posts]

    async def _keep(self, post: Post) -> None:
        while not self._closing:
            hand = Hand(post, await self.launch(post))
            self.hands.append(hand)
            await hand.worker.process.wait()
            self.hands.remove(hand)
            if not hand.doomed:
                self.troubles.append(Trouble(hand.node, "ended", time.monotonic()))

    async def up(self) -> list[Hand]:
        """Those at work."""
        living = await self.living([hand.worker for hand in self.hands])
        return [hand for hand in self.hands if hand.node in living and not hand.frozen and not hand.doomed]

    async def _all_are_up(self) -> bool:
        return len(await self.up()) == sum(not hand.doomed for hand in self.hands)

    def kill(self, hand: Hand) -> Trouble:
        return self._end(hand, signal.SIGKILL, "killed")

    def stop(self, hand: Hand) -> Trouble:
        return self._end(hand, signal.SIGTERM, "stopped")

    def _end(self, hand: Hand, number: signal.Signals, what: str) -> Trouble:
        hand.doomed = True
        trouble = Trouble(hand.node, what, time.monotonic())
        with suppress(ProcessLookupError):
            hand.worker.tell(number)
        self.troubles.append(trouble)
        return trouble

    async def freeze(self, hand: Hand, lasts_s: float) -> None:
        began, hand.frozen = time.monotonic(), True
        with suppress(ProcessLookupError):
            hand.worker.tell(signal.SIGSTOP)
        try:
            await asyncio.sleep(lasts_s)
        finally:
            with suppress(ProcessLookupError):
                hand.worker.tell(signal.SIGCONT)
            hand.frozen = False
            self.troubles.append(Trouble(hand.node, "frozen", began, time.monotonic()))

    async def cut_off(self, hand: Hand, lasts_s: float, *, silently: bool) -> None:
        """silently: nothing comes through, and nobody is told."""
        link, began = hand.post.link, time.monotonic()
        assert link is not None
        (link.hold if silently else link.cut)()
        try:
            await asyncio.sleep(lasts_s)
        finally:
            link.mend()
            self.troubles.append(Trouble(hand.node, "cut off", began, time.monotonic()))

    async def dismiss(self, *, within_s: float) -> list[int]:
        """Stop everybody in order; their exit codes, -9 of who had to be killed."""
        self._closing = True
        with suppress(TimeoutError):
            # Until it has come up, a worker knows no order: it ends of the signal itself.
            await until(self._all_are_up, within_s=within_s)
        ending = [hand.worker.process for hand in self.hands if not hand.doomed]
        for hand in self.hands:
            self.stop(hand)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(process.wait() for process in ending))
        for process in ending:
            if process.returncode is None:
                process.kill()
        return [await process.wait() for process in ending]

    async def close(self) -> None:
        self._closing = True
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        for hand in self.hands:
            if hand.worker.runs:
                hand.worker.process.kill()
            await hand.worker.process.wait()
