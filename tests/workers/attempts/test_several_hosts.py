"""Several hosts of one provider: what one of them cannot run, another one does at once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from workfleet.routing.failure import Fault
from workfleet.routing.gate import PoolState
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import JobState
from workfleet.workers.attempts.ending import Moved

from ..gates import Gate
from ..pools import Fleet, breaks, fails, fleet, hosted, provider, says
from ..running import history

TWO = provider("gpu", base_urls=("http://gpu", "http://other"))


@dataclass
class Hosts:
    """One worker of `gpu` with its gate, beside another one on another host."""

    fleet: Fleet
    gate: Gate

    async def other(self, *, unavailable: str | None = None, doubted: bool = False) -> None:
        """What the other one says of itself."""
        report = NodeReport(node="gpu@there", provider="gpu", slots=4, unavailable=unavailable, doubted=doubted)
        await self.fleet.client.fleet.report(report)
        await self.gate.turn()

    def out(self) -> None:
        self.fleet.pools["gpu"].upstream.lines[0].availability.unreached = "connection refused"


@pytest.fixture(params=["alone", "before another provider"])
async def hosts(redis_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Hosts]:
    others = () if request.param == "alone" else (hosted("paid"),)
    async with fleet(redis_url, provider("gpu"), *others) as pools:
        await pools.submit()
        if others:
            await pools.client.fleet.report(NodeReport(node="paid@here", provider="paid", slots=4))
        yield Hosts(pools, Gate(pools, "gpu", pools.pools["gpu"].directory))


async def test_a_host_that_is_out_takes_no_jobs_while_another_one_does(hosts: Hosts) -> None:
    await hosts.other()
    assert (hosts.gate.open, "provider.gpu" in hosts.gate.opened) == (True, True)
    hosts.out()
    await hosts.gate.turn()
    assert (hosts.gate.opened, hosts.gate.keeper.serving) == (frozenset(), frozenset())


async def test_what_it_had_taken_by_then_goes_back_at_once_for_the_other_one(hosts: Hosts) -> None:
    await hosts.other()
    hosts.out()
    job_id = await hosts.fleet.submit()
    assert await hosts.fleet.deliver(job_id, "gpu") == Moved(
        "it does not answer: connection refused; on to another host of gpu"
    )
    job = await hosts.fleet.client.job(job_id)
    assert (job.state, job.queue, job.attempts) == (JobState.QUEUED, job.lane, 0)


async def test_with_no_other_host_left_jobs_go_where_they_went_before(hosts: Hosts) -> None:
    await hosts.other(unavailable="its breaker is open")
    hosts.out()
    job_id = await hosts.fleet.submit()
    ending = await hosts.fleet.deliver(job_id, "gpu")
    assert isinstance(ending, Moved)
    assert "another host" not in ending.why


async def test_a_host_whose_call_has_just_failed_leaves_the_next_try_to_another_one(hosts: Hosts) -> None:
    await hosts.other()
    hosts.fleet.servers["gpu"].will(fails(500))
    job_id = await hosts.fleet.submit()
    assert await hosts.fleet.deliver(job_id, "gpu") == Moved("server, again in 0.0 s")
    await hosts.gate.turn()
    assert (hosts.gate.open, "provider.gpu" in hosts.gate.opened) == (True, False)


async def test_if_the_other_ones_calls_fail_as_well_it_tries_again_itself(hosts: Hosts) -> None:
    await hosts.other(doubted=True)
    hosts.fleet.servers["gpu"].will(fails(500))
    await hosts.fleet.deliver(await hosts.fleet.submit(), "gpu")
    await hosts.gate.turn()
    assert "provider.gpu" in hosts.gate.opened


async def test_a_job_that_the_first_endpoint_of_a_host_fails_is_answered_by_the_second_at_once(redis_url: str) -> None:
    async with fleet(redis_url, TWO, provider("other")) as pools:
        pools.say({"gpu": PoolState(slots=4, busy=0)})
        pools.servers["gpu"].will(fails(529))
        job_id = await pools.submit(chain=("gpu",))
        assert await pools.deliver(job_id, "gpu") == Moved("overloaded, again in 0.0 s")
        assert (await pools.client.job(job_id)).state is JobState.QUEUED
        await pools.deliver(job_id, "gpu")
        assert await history(pools, job_id) == [(1, "gpu/m", "overloaded"), (2, "gpu/m", "succeeded")]


async def test_a_server_that_dies_under_many_calls_costs_each_of_them_one_attempt(redis_url: str) -> None:
    async with fleet(redis_url, TWO, provider("other")) as pools:
        pools.servers["gpu"].will(breaks())
        pools.servers["gpu"].well = False
        ids = [await pools.submit(chain=("gpu",)) for _ in range(8)]
        for _ in range(2):
            for job_id in ids:
                await pools.deliver(job_id, "gpu")
        outcomes = [[outcome for _, _, outcome in await history(pools, job_id)] for job_id in ids]
        assert outcomes == [[Fault.TRANSPORT, "succeeded"], *[["succeeded"]] * 7]
        assert len(pools.servers["gpu"].asked) == 1
        pools.servers["gpu"].will(says("back"))
