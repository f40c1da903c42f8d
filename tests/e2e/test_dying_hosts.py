"""Two hosts of one provider of our own: one dies, at whatever moment, and the other one has all its jobs at once."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from workfleet.tasks.status import read_status
from workfleet.workers.simulator import Settings

from .fleet import Fleet, fleet_of, until

JOBS = 60
#: A second, the time until the breaker lets a call try, and as much for a machine that is busy.
BACK_WITHIN_S = 8.0
ANSWERS = Settings(latency_s=0.05, answer_tokens=8, slots=4)


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """The simulators `gpu` and `spare` are two hosts of the provider `gpu`, and nothing else takes its jobs."""
    providers: dict[str, dict[str, Any]] = {"gpu": {"slots": 4}, "spare": {"enabled": False}}
    async with fleet_of(tmp_path, providers, simulated=ANSWERS, routes={"default": {"chain": ["gpu"]}}) as made:
        yield made


def launches(fleet: Fleet, layout: str) -> list[list[str]]:
    """The options of each worker."""
    first, second = (fleet.providers[name].base_url for name in ("gpu", "spare"))
    if layout == "one worker":
        return [["--endpoint", first, "--endpoint", second]]
    return [["--endpoint", first], ["--endpoint", second]]


@asynccontextmanager
async def most_snoozed(fleet: Fleet) -> AsyncGenerator[list[int]]:
    """How many jobs were put back to wait, at each of many looks within the block."""
    found = list[int]()

    async def look() -> None:
        while True:
            found.append((await read_status(fleet.client.redis)).snoozed)
            await asyncio.sleep(0.02)

    looking = asyncio.create_task(look())
    try:
        yield found
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def test_jobs_that_wait_for_a_host_that_is_dead_are_run_by_one_that_joins(fleet: Fleet) -> None:
    first, second = launches(fleet, "a worker on each host")
    fleet.providers["gpu"].switch_on("refuse")
    await fleet.worker("gpu", *first)
    ids = await fleet.submit(JOBS)
    async with most_snoozed(fleet) as snoozed:
        await fleet.worker("gpu", *second)
        outcomes = await fleet.outcomes(ids)
    assert [outcome.error for outcome in outcomes if outcome.answer is None] == []
    assert max(snoozed) == 0


@pytest.mark.parametrize("layout", ["one worker", "a worker on each host"])
async def test_no_job_waits_for_a_host_that_dies_and_it_is_used_again_when_it_is_back(
    fleet: Fleet, layout: str
) -> None:
    dying, spare = fleet.providers["gpu"], fleet.providers["spare"]
    workers = [await fleet.launch("gpu", *options) for options in launches(fleet, layout)]
    ids = await fleet.submit(JOBS)
    await until(lambda: dying.stats.complete > 0 and spare.stats.complete > 0)
    async with most_snoozed(fleet) as snoozed:
        dying.switch_on("refuse")
        outcomes = await fleet.outcomes(ids)
    assert [outcome.error for outcome in outcomes if outcome.answer is None] == []
    assert max(snoozed) == 0
    assert max([(await fleet.client.job(job_id)).attempts for job_id in ids]) <= 2
    more, before = await fleet.submit(JOBS * 4), dying.stats.complete
    await dying.switch_off()
    await until(lambda: dying.stats.complete > before, within_s=BACK_WITHIN_S)
    await fleet.outcomes(more)
    assert not any(worker.tracebacks() for worker in workers)
