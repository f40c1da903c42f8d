"""Each change of a route by hand is a version that is kept, and none is lost by another at the same time."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from workfleet.routing.control import Control
from workfleet.routing.directory import ChainLink, Route
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.controls import Controls
from workfleet.tasks.errors import ChangedMeanwhile
from workfleet.tasks.route_versions import KEPT


def route(*providers: str) -> Route:
    return Route(name="fast", chain=tuple(ChainLink(provider=name, role="primary") for name in providers))


@pytest.fixture
async def controls(redis_url: str) -> AsyncIterator[Controls]:
    async with AsyncClient(redis_url) as client:
        yield client.fleet.controls


async def test_each_change_has_a_number_a_time_an_author_and_the_route(controls: Controls) -> None:
    assert await controls.set_route("fast", route("a"), by="ann") == 1
    assert await controls.set_route("fast", route("b", "c")) == 2
    assert await controls.set_route("fast", None, by="bob") == 3
    versions = await controls.versions.of("fast")
    assert [(each.number, each.by, each.route) for each in versions] == [
        (3, "bob", None),
        (2, "", route("b", "c")),
        (1, "ann", route("a")),
    ]
    assert all(abs(each.at - time.time()) < 60 for each in versions)
    assert await controls.read() == Control(versions={"fast": 3})
    assert await controls.versions.of("slow") == []


async def test_what_changes_nothing_is_no_version(controls: Controls) -> None:
    assert await controls.set_route("fast", None) == 0
    assert await controls.set_route("fast", route("a")) == await controls.set_route("fast", route("a")) == 1
    assert len(await controls.versions.of("fast")) == 1


async def test_a_change_of_another_version_than_expected_is_refused_and_changes_nothing(controls: Controls) -> None:
    assert await controls.set_route("fast", route("a"), expected=0) == 1
    with pytest.raises(ChangedMeanwhile, match="route 'fast' is at version 1, not 0: somebody has changed it") as late:
        await controls.set_route("fast", route("b"), expected=0)
    assert late.value.version == 1
    assert await controls.read() == Control(routes={"fast": route("a")}, versions={"fast": 1})
    assert len(await controls.versions.of("fast")) == 1


async def test_of_changes_at_the_same_time_one_wins_and_all_others_hear_of_it(controls: Controls) -> None:
    changes = (controls.set_route("fast", route(f"p{at}"), expected=0) for at in range(20))
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(map(str, (each for each in outcomes if isinstance(each, int)))) == ["1"]
    assert sum(isinstance(each, ChangedMeanwhile) for each in outcomes) == 19


async def test_changes_that_expect_nothing_are_all_kept(controls: Controls) -> None:
    numbers = await asyncio.gather(*(controls.set_route("fast", route(f"p{at}")) for at in range(20)))
    assert sorted(numbers) == list(range(1, 21))
    assert {each.number for each in await controls.versions.of("fast")} == set(numbers)


async def test_only_the_last_versions_are_kept(controls: Controls) -> None:
    for at in range(KEPT + 3):
        await controls.set_route("fast", route(f"p{at}"))
    kept = [each.number for each in await controls.versions.of("fast")]
    assert kept == list(range(KEPT + 3, 3, -1))


async def test_versions_that_a_newer_fleet_has_written_are_left_out(controls: Controls, redis_url: str) -> None:
    await controls.set_route("fast", route("a"))
    async with AsyncClient(redis_url) as other:
        await other.fleet.redis.lpush("wf:versions:fast", "{}", "no JSON", '{"number":2,"at":1,"by":"","route":"{}"}')
        await other.fleet.redis.hset("wf:control", "version|slow", "two")
    assert [each.number for each in await controls.versions.of("fast")] == [1]
    assert (await controls.read()).versions == {"fast": 1}
