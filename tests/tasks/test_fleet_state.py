"""What pools say of themselves, and what others make of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from workfleet.routing.directory import Directory, ProviderFacts
from workfleet.routing.gate import PoolState
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import ALIVE_S, FORGOTTEN_S, FleetState, NodeReport, Snapshot


@pytest.fixture
async def fleet(redis_url: str) -> AsyncIterator[FleetState]:
    async with AsyncClient(redis_url) as client:
        yield client.fleet


def node(name: str, *, said_at: float = 100.0, **fields: object) -> NodeReport:
    provider = name.partition("@")[0]
    return NodeReport.model_validate({"node": name, "provider": provider, "slots": 4, "said_at": said_at, **fields})


def seen(*nodes: NodeReport, now: float = 100.0) -> dict[str, PoolState]:
    return Snapshot(now=now, nodes=nodes).pools()


def test_the_nodes_of_a_provider_are_one_pool() -> None:
    assert seen(node("gpu@a", busy=4, full_s=9.0), node("gpu@b", busy=1), node("groq@a", busy=2)) == {
        "gpu": PoolState(slots=8, busy=5, full_for_s=0.0),
        "groq": PoolState(slots=4, busy=2),
    }


def test_limits_that_one_node_finds_short_are_short_for_all() -> None:
    found = seen(node("gpu@a", short_s=4.0), node("gpu@b", busy=4, full_s=1.0), node("gpu@c", full_s=3.0))
    assert found["gpu"].full_for_s == 4.0


def test_a_pool_is_full_for_as_long_as_its_last_node_is() -> None:
    assert seen(node("gpu@a", busy=4, full_s=9.0), node("gpu@b", busy=4, full_s=3.0))["gpu"].full_for_s == 3.0


def test_a_pool_takes_jobs_if_one_of_its_nodes_does() -> None:
    out = node("gpu@a", busy=4, full_s=9.0, unavailable="it does not answer")
    assert seen(out, node("gpu@b", busy=1)) == {"gpu": PoolState(slots=4, busy=1)}


@pytest.mark.parametrize("resting", [True, False])
def test_a_pool_of_which_no_node_takes_jobs_says_why(resting: bool) -> None:
    nodes = (node("gpu@a", unavailable="it is out"), node("gpu@b", unavailable="its breaker is open", resting=resting))
    assert seen(*nodes) == {"gpu": PoolState(slots=0, busy=0, unavailable="it is out", resting=resting)}


def test_the_jobs_that_leave_a_pools_nodes_are_counted_together() -> None:
    nodes = (node("gpu@a", unavailable="its breaker is open", leaving=2), node("gpu@b", leaving=1, out={"m": "broken"}))
    assert seen(*nodes)["gpu"].leaving == 3
    assert seen(nodes[0])["gpu"] == PoolState(slots=0, busy=0, unavailable="its breaker is open", leaving=2)


def test_a_node_that_says_nothing_more_is_gone() -> None:
    assert seen(node("gpu@a", said_at=100.0), now=100.0 + ALIVE_S) == {}
    assert set(seen(node("gpu@a", said_at=100.0), now=99.9 + ALIVE_S)) == {"gpu"}


async def test_a_node_hears_of_all_others_when_it_reports(fleet: FleetState) -> None:
    await fleet.report(node("gpu@a", busy=1))
    heard = await fleet.report(node("gpu@b", busy=2))
    assert [(each.node, each.busy) for each in heard.nodes] == [("gpu@a", 1), ("gpu@b", 2)]
    assert heard.living == heard.nodes
    assert all(0 <= heard.now - each.said_at < ALIVE_S for each in heard.nodes)


async def test_what_only_people_look_at_is_not_sent_to_every_node(fleet: FleetState) -> None:
    said = node("gpu@a", models=("m1", "m2"), closed_lanes={"general.simple": "groq comes first"}, busy=3)
    heard = await fleet.report(said)
    assert [(each.busy, each.models, each.closed_lanes) for each in heard.nodes] == [(3, (), {})]
    seen = await fleet.snapshot()
    assert [each.model_copy(update={"said_at": said.said_at}) for each in seen.nodes] == [said]
    await fleet.leave("gpu@a")
    assert await fleet.redis.keys("wf:*") == []


async def test_a_node_that_leaves_need_not_be_missed_first(fleet: FleetState) -> None:
    await fleet.report(node("gpu@a"))
    await fleet.leave("gpu@a")
    assert (await fleet.snapshot()).nodes == ()


async def test_nodes_that_have_been_gone_for_long_are_forgotten(fleet: FleetState) -> None:
    await fleet.report(node("gpu@here"))
    now = (await fleet.snapshot()).now
    gone, lately = node("gpu@gone", said_at=now - FORGOTTEN_S - 1), node("gpu@lately", said_at=now - ALIVE_S - 1)
    for each in (gone, lately):
        await fleet.redis.hset("wf:nodes", each.node, each.model_dump_json())
    await fleet.forget(await fleet.snapshot())
    snapshot = await fleet.snapshot()
    assert [each.node for each in snapshot.nodes] == ["gpu@here", "gpu@lately"]
    assert [each.node for each in snapshot.living] == ["gpu@here"]


async def test_a_report_of_a_newer_node_is_understood(fleet: FleetState) -> None:
    await fleet.redis.hset("wf:nodes", "gpu@new", '{"node":"gpu@new","provider":"gpu","from_the_future":1}')
    assert [each.node for each in (await fleet.snapshot()).nodes] == ["gpu@new"]


async def test_the_directory_is_what_the_last_pool_published(fleet: FleetState) -> None:
    assert await fleet.directory() is None
    directory = Directory(providers={"gpu": ProviderFacts(name="gpu", type="vllm")})
    await fleet.publish_directory(Directory())
    await fleet.publish_directory(directory)
    assert await fleet.directory() == directory


def only(*names: str) -> Directory:
    return Directory(providers={name: ProviderFacts(name=name, type="vllm") for name in names})


async def test_pools_without_a_configuration_that_start_at_once_are_all_known(fleet: FleetState) -> None:
    names = [f"gpu-{number}" for number in range(8)]
    await asyncio.gather(*(fleet.publish_directory(only(name), whole=False) for name in names))
    assert await fleet.directory() == only(*names)


async def test_a_configuration_replaces_what_was_told_but_for_the_providers_that_have_pools(fleet: FleetState) -> None:
    await fleet.publish_directory(only("gone", "living"), whole=False)
    await fleet.report(node("living@a"))
    assert await fleet.publish_directory(only("configured")) == only("configured", "living")


async def test_a_directory_of_a_newer_fleet_is_understood(fleet: FleetState) -> None:
    await fleet.redis.set("wf:directory", '{"providers":{"gpu":{"name":"gpu","type":"vllm","newer":1}},"newer":1}')
    assert await fleet.directory() == only("gpu")


async def test_a_report_that_cannot_be_read_hides_no_other(fleet: FleetState) -> None:
    await fleet.redis.hset("wf:nodes", "bad@a", "rubbish")
    assert [each.node for each in (await fleet.report(node("gpu@a"))).nodes] == ["gpu@a"]


async def test_queues_are_known_from_their_first_job_on(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        assert (await client.snapshot()).queues == frozenset()
        await client.submit({"request": {"messages": [{"role": "user", "content": "hi"}]}, "complexity": 1})
        assert (await client.snapshot()).queues == {"general.simple"}
