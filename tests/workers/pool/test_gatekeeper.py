"""The gate of a pool: which lanes it opens and closes, and when."""

import asyncio
import time
from collections.abc import AsyncIterator
from unittest.mock import AsyncMock

import pytest

from workfleet.routing.breaker import BreakerPolicy
from workfleet.routing.directory import Strategy
from workfleet.routing.observed import Observed
from workfleet.tasks.fleet_state import NodeReport
from workfleet.workers.pool import gatekeeper as module

from ..gates import ONE, TWO, gates, routed
from ..pools import LANE, Fleet, fleet


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[Fleet]:
    async with fleet(redis_url, ONE, TWO, directory=routed()) as pools:
        # Lanes count from their first job on.
        await pools.submit(complexity=1)
        yield pools


async def test_the_first_of_the_chain_takes_jobs_and_the_second_does_not(two: Fleet) -> None:
    one, other = gates(two)
    assert [await one.turn(), await other.turn()] == [True, False]
    assert (other.opened, other.closed) == (frozenset({"provider.two"}), frozenset({LANE}))


async def test_the_second_takes_over_when_the_first_is_out_and_hands_back_when_it_is_well(two: Fleet) -> None:
    one, other = gates(two)
    availability = two.pools["one"].upstream.lines[0].availability
    await one.turn()
    availability.unreached = "connection refused"
    assert [await one.turn(), await other.turn()] == [False, True]
    availability.unreached = None
    assert [await one.turn(), await other.turn()] == [True, False]


async def test_breakers_open_by_the_directorys_figures_whatever_the_host_is_configured_with(two: Fleet) -> None:
    gate = gates(two)[0].keeper
    facts = gate.directory.providers["one"].model_copy(update={"breaker": BreakerPolicy(failures=9)})
    gate.use(gate.directory.model_copy(update={"providers": {**gate.directory.providers, "one": facts}}))
    assert {circuit.policy for circuit in gate.upstream.circuits()} == {BreakerPolicy(failures=9)}


async def test_the_second_takes_over_when_the_first_leaves(two: Fleet) -> None:
    one, other = gates(two)
    await one.turn()
    assert not await other.turn()
    await two.client.fleet.leave(one.keeper.node)
    assert await other.turn()


async def test_the_second_helps_out_when_the_first_has_been_full_for_long(two: Fleet) -> None:
    one, other = gates(two)
    await one.turn()
    with one.running(2):
        opened = list[bool]()
        for _ in range(6):
            await one.turn(after_s=1.0)
            opened.append(await other.turn())
    assert opened == [False, False, False, False, True, True]
    await one.turn(after_s=1.0)
    assert not await other.turn()


async def test_it_never_does_if_the_route_says_so(two: Fleet) -> None:
    one, other = gates(two, routed(spill_after_s=None))
    await one.turn()
    with one.running(2):
        await one.turn(after_s=3600.0)
        assert not await other.turn()


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded"])
async def test_strategies_that_pull_open_every_lane(two: Fleet, strategy: Strategy) -> None:
    one, other = gates(two, routed(strategy))
    assert [await one.turn(), await other.turn()] == [True, True]


async def test_a_lane_without_any_job_yet_is_left_alone(two: Fleet) -> None:
    one, _ = gates(two)
    await one.turn()
    assert (one.opened, one.closed) == (frozenset({LANE, "provider.one"}), frozenset())
    await two.submit(complexity=9)
    await one.turn()
    assert one.opened == {LANE, "general.very-complex", "provider.one"}


async def test_jobs_of_a_provider_that_is_out_are_taken_only_while_somebody_else_takes_them(two: Fleet) -> None:
    one, other = gates(two)
    first, second = (two.pools[name].upstream.lines[0].availability for name in ("one", "two"))
    first.unreached = "connection refused"
    await other.turn()
    await one.turn()
    assert "provider.one" in one.opened
    second.unreached = "connection refused"
    await other.turn()
    await one.turn()
    assert "provider.one" in one.closed
    first.rejected = "bad key"
    await one.turn()
    assert "provider.one" in one.opened


async def test_a_pool_that_stops_says_so_and_takes_nothing(two: Fleet) -> None:
    one, other = gates(two)
    two.pools["one"].draining = True
    assert [await one.turn(), await other.turn()] == [False, True]
    assert (await two.client.snapshot()).nodes[0].unavailable == "it is stopping"


async def test_a_node_tells_how_it_stands(two: Fleet) -> None:
    one, _ = gates(two)
    await one.turn()
    with one.running(2):
        await one.turn(after_s=2.0)
    (said,) = (await two.client.snapshot()).nodes
    assert said == NodeReport(
        node="one@here",
        provider="one",
        endpoint="http://one",
        slots=2,
        busy=2,
        full_s=2.0,
        models=("m",),
        open_lanes=(LANE,),
        endpoints=said.endpoints,
        uptime=1.0,
        said_at=said.said_at,
    )


async def test_a_node_tells_of_its_endpoints_and_of_what_its_calls_showed(two: Fleet) -> None:
    one, _ = gates(two)
    await two.deliver(await two.submit(), "one")
    await one.turn()
    (said,) = (await two.client.snapshot()).nodes
    (endpoint,) = said.endpoints
    assert (endpoint.url, endpoint.breaker, endpoint.unavailable) == ("http://one", "endpoint|one|http://one", None)
    assert said.observed["m"].calls == 1


async def test_an_open_breaker_is_told_as_a_rest(two: Fleet) -> None:
    one, _ = gates(two)
    circuit = two.pools["one"].upstream.lines[0].availability.circuit
    for _ in range(circuit.policy.failures):
        circuit.failed(began=0.0, now=time.monotonic())
    await one.turn()
    (said,) = (await two.client.snapshot()).nodes
    assert (said.unavailable, said.resting) == ("its breaker is open", True)


async def test_lanes_close_before_anybody_is_asked_when_a_breaker_opens(
    two: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slots that a dead provider frees would fill with jobs that are sent on before those that were under way."""
    one, _ = gates(two)
    assert await one.turn()
    circuit = two.pools["one"].upstream.lines[0].availability.circuit
    for _ in range(circuit.policy.failures):
        circuit.failed(began=0.0, now=time.monotonic())
    monkeypatch.setattr(one.keeper.fleet.breakers, "tell", AsyncMock(side_effect=ConnectionError))
    with pytest.raises(ConnectionError):
        await one.turn()
    assert (set(one.opened), set(one.closed)) == ({"provider.one"}, {LANE})
    assert one.keeper.serving == {"provider.one"}


async def test_the_second_takes_over_once_the_jobs_that_the_first_had_begun_have_gone_on(two: Fleet) -> None:
    one, other = gates(two)
    circuit = two.pools["one"].upstream.lines[0].availability.circuit
    await one.turn()
    with one.running(2):
        for running in one.keeper.leases.held.values():
            running.target = "one/m"
        for _ in range(circuit.policy.failures):
            circuit.failed(began=0.0, now=time.monotonic())
        assert [await one.turn(), await other.turn()] == [False, False]
    assert [await one.turn(), await other.turn()] == [False, True]


async def test_the_executor_hears_what_all_pools_say(two: Fleet) -> None:
    one, other = gates(two)
    await one.turn()
    await other.turn()
    assert {name: state.unavailable for name, state in two.pools["two"].pools.items()} == {"one": None, "two": None}


async def test_it_wakes_at_once_also_if_it_is_called_in_the_middle_of_a_turn(
    two: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_S", 3600.0)
    one, _ = gates(two)
    report, called = one.keeper.fleet.report, list[bool]()

    async def called_meanwhile(node: NodeReport, *, news: bool) -> object:
        heard = await report(node, news=news)
        if not called:
            called.append(True)
            two.pools["one"].upstream.lines[0].availability.unreached = "connection refused"
            one.keeper.wake.set()
        return heard

    monkeypatch.setattr(one.keeper.fleet, "report", called_meanwhile)
    working = asyncio.create_task(one.keeper.run())
    async with asyncio.timeout(10):
        while one.turns < 2:
            await asyncio.sleep(0)
    assert not one.open
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_it_goes_on_when_a_connection_breaks(two: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.001)
    one, _ = gates(two)
    working = asyncio.create_task(one.keeper.run())
    for _ in range(3):
        await two.client.redis.client_kill_filter(_type="normal", skipme=True)
        before = one.turns
        async with asyncio.timeout(20):
            while one.turns == before:
                await asyncio.sleep(0.001)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_drained_pool_hands_its_lanes_over_and_keeps_sending_on_what_waits_for_it(two: Fleet) -> None:
    one, other = gates(two)
    await two.client.fleet.controls.set_provider("one", {"switch": "draining"})
    await one.turn()
    await one.turn()
    assert await other.turn()
    await one.turn()
    assert (one.opened, LANE in one.closed) == (frozenset({"provider.one"}), True)
    assert (await two.client.snapshot()).nodes[0].control.switch == "draining"
    await two.client.fleet.controls.set_provider("one", {"switch": None})
    await one.turn()
    await one.turn()
    assert [one.open, await other.turn()] == [True, False]


async def test_slots_that_were_changed_by_hand_are_told_to_celerys_side(two: Fleet) -> None:
    one, _ = gates(two)
    told = list[tuple[int, int]]()
    one.keeper.resize = lambda slots, ahead: told.append((slots, ahead))
    await two.client.fleet.controls.set_provider("one", {"slots": 7})
    for _ in range(3):
        await one.turn()
    await two.client.fleet.controls.set_provider("one", {"slots": None})
    for _ in range(3):
        await one.turn()
    assert told == [(7, 0), (2, 0)]


async def test_credentials_that_were_refused_to_one_node_are_refused_to_all_and_a_reset_asks_again(two: Fleet) -> None:
    one, _ = gates(two)
    upstream = two.pools["one"].upstream
    elsewhere = NodeReport(node="one@there", provider="one", refusals={upstream.lines[0].credentials: "bad key"})
    await two.client.fleet.report(elsewhere)
    await one.turn()
    assert upstream.why_not() == "its credentials are rejected: bad key"
    await two.client.fleet.leave("one@there")
    await one.turn()
    assert upstream.why_not() is None
    upstream.lines[0].availability.rejected = "bad key"
    await one.turn()
    assert upstream.hopeless
    await two.client.fleet.controls.forget_failures("one")
    await one.turn()
    assert upstream.why_not() is None


async def test_the_fastest_target_takes_the_lane_once_it_is_known(two: Fleet) -> None:
    one, other = gates(two, routed("latency_based"))
    slow, fast = (Observed(calls=50, total_s=total_s) for total_s in (9.0, 1.0))
    two.pools["one"].upstream.observed["m"] = slow
    two.pools["two"].upstream.observed["m"] = fast
    await other.turn()
    assert [await one.turn(), await other.turn()] == [False, True]
