"""What tests of running jobs hold back and look at."""

import asyncio

import httpx2

from workfleet.tasks.job import Attempt
from workfleet.workers.attempts.leases import Running

from .pools import Fleet


class Held:
    """A reply that comes when it is let go, and that notices when nobody waits for it any more."""

    def __init__(self, reply: httpx2.Response) -> None:
        self.reply = reply
        self.asked = asyncio.Event()
        self.may_go = asyncio.Event()
        self.cancelled = False

    async def __call__(self) -> httpx2.Response:
        self.asked.set()
        try:
            await self.may_go.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return self.reply


def facts(entry: Attempt) -> tuple[int, str, str]:
    return entry.number, entry.target, entry.outcome


async def history(fleet: Fleet, job_id: str) -> list[tuple[int, str, str]]:
    return [facts(entry) for entry in await fleet.client.attempts(job_id)]


def only(fleet: Fleet, name: str) -> Running:
    (running,) = fleet.pools[name].leases.held.values()
    return running
