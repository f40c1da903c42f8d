"""What is changed by hand while the fleet runs is obeyed by every worker within a second, and taken back."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from workfleet.routing.directory import ChainLink, Route
from workfleet.tasks.job import JobState
from workfleet.workers.simulator import Settings

from .fleet import Fleet, fleet_of, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

IN_ORDER: dict[str, Any] = {"chain": ["one", "two"], "strategy": "priority", "spill_after_s": None}
#: Answers that take much longer all at once would be taken for those of a server that has too much to do.
WELL = Settings(latency_s=0.1, answer_tokens=8)

#: Seconds within which every host obeys.
PROMPTLY_S = 1.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Two workers of `one`, one of `two`."""
    folder = tmp_path_factory.mktemp("fleet")
    providers = {"one": {"slots": 4}, "two": {"slots": 4}}
    async with fleet_of(folder, providers, simulated=WELL, routes={"default": IN_ORDER}) as fleet:
        await asyncio.gather(fleet.worker("one"), fleet.worker("one"), fleet.worker("two"))
        await fleet.outcomes(await fleet.submit(1))
        yield fleet


@pytest_asyncio.fixture(loop_scope="module")
async def fleet(shared: Fleet) -> AsyncIterator[Fleet]:
    yield shared
    for each in shared.providers.values():
        each.configure(**WELL.model_dump(exclude={"api_key"}))
    await shared.client.redis.delete("wf:control", "wf:versions:default")
    await until(lambda: first_takes_all(shared))


async def first_takes_all(fleet: Fleet) -> bool:
    return {bool(node.open_lanes) for node in (await fleet.nodes()).values() if node.provider == "one"} == {True}


async def changed(fleet: Fleet, *arguments: str) -> dict[str, Any]:
    ran = await fleet.run("providers", *arguments, "--json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


async def test_another_fleets_configuration_is_refused_and_one_that_joins_leaves_the_routes(fleet: Fleet) -> None:
    other, before = fleet.folder / "other.yaml", await fleet.client.fleet.directory()
    three = {"type": "simulated", "base_url": fleet.providers["one"].base_url, "default_model": "sim-chat"}
    other.write_text(json.dumps({"providers": {"three": three}}))
    refused = await fleet.run("worker", "--provider", "three", "--config", str(other))
    assert (refused.code, "another fleet runs on redis://127.0.0.1:" in refused.err) == (2, True), refused
    assert await fleet.client.fleet.directory() == before
    worker = await fleet.worker("three", "--config", str(other), "--join")
    after = await fleet.client.fleet.directory()
    assert before is not None
    assert after is not None
    assert (after.routes, sorted(after.providers)) == (before.routes, ["one", "three", "two"])
    (answered,) = await fleet.outcomes(await fleet.submit(1, provider="three"))
    assert answered.answer is not None
    assert await worker.stop() == 0


async def took(fleet: Fleet, ids: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for outcome in await fleet.outcomes(ids):
        assert outcome.answer is not None, outcome.error
        found[outcome.answer.provider] = found.get(outcome.answer.provider, 0) + 1
    return found


async def test_a_change_is_obeyed_by_every_worker_within_a_second(fleet: Fleet) -> None:
    for switch in ("disabled", None):
        began = time.monotonic()
        await fleet.client.fleet.controls.set_provider("one", {"switch": switch})
        opened = switch is None
        await until(lambda opened=opened: takes(fleet, opened))
        assert time.monotonic() - began < PROMPTLY_S


async def takes(fleet: Fleet, opened: bool) -> bool:
    """Whether both workers of `one` take jobs, or neither, and the one of `two` does the opposite."""
    nodes = await fleet.nodes()
    return all(bool(node.open_lanes) is (opened is (node.provider == "one")) for node in nodes.values())


async def test_a_drained_provider_finishes_what_runs_and_passes_the_rest_on(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    one.configure(latency_s=1.0)
    ids = await fleet.submit(60, chain=("one", "two"))
    await until(lambda: one.stats.in_flight == 8)
    await fleet.client.fleet.controls.set_provider("one", {"switch": "draining"})
    found = await took(fleet, ids)
    assert found["two"] >= 20
    told = await changed(fleet, "drain", "one")
    assert (told["switch"], told["workers"], told["heard"]) == ("draining", 2, 2)
    assert one.stats.aborted == 0
    assert await took(fleet, await fleet.submit(5)) == {"two": 5}


async def test_jobs_of_a_drained_provider_alone_wait_until_it_is_enabled(fleet: Fleet) -> None:
    await changed(fleet, "drain", "one")
    (job_id,) = await fleet.submit(1, chain=("one",))
    assert await took(fleet, await fleet.submit(3)) == {"two": 3}
    assert (await fleet.state(job_id)) in (JobState.QUEUED, JobState.SNOOZED)
    await changed(fleet, "enable", "one")
    assert await took(fleet, [job_id]) == {"one": 1}


async def test_a_disabled_provider_is_left_out_and_its_own_jobs_say_why(fleet: Fleet) -> None:
    await changed(fleet, "drain", "one")
    (job_id,) = await fleet.submit(1, chain=("one",))
    await changed(fleet, "disable", "one")
    (outcome,) = await fleet.outcomes([job_id])
    assert outcome.state is JobState.FAILED
    assert "it is disabled by hand (fleet providers enable takes it back)" in str(outcome.error)
    assert await took(fleet, await fleet.submit(3)) == {"two": 3}


async def test_slots_grow_and_shrink_while_jobs_run(fleet: Fleet) -> None:
    two = fleet.providers["two"]
    two.configure(latency_s=0.3)
    ids = await fleet.submit(150, chain=("two",))
    await until(lambda: two.stats.in_flight == 4)
    await fleet.client.fleet.controls.set_provider("two", {"slots": 12})
    await until(lambda: two.stats.in_flight > 6)
    assert await slots(fleet, "two") == 12
    await fleet.client.fleet.controls.set_provider("two", {"slots": 2})
    await until(lambda: two.stats.in_flight in (1, 2))
    assert await slots(fleet, "two") == 2
    assert (await changed(fleet, "set", "two", "--as-configured", "--slots", "40"))["slots"] == 40
    assert await took(fleet, ids) == {"two": 150}


async def slots(fleet: Fleet, provider: str) -> int:
    return sum(node.slots for node in (await fleet.nodes()).values() if node.provider == provider)


async def test_a_priority_and_a_chain_that_were_changed_are_followed(fleet: Fleet) -> None:
    await changed(fleet, "set", "two", "--priority", "0")
    await until(lambda: takes(fleet, False))
    assert await took(fleet, await fleet.submit(5)) == {"two": 5}
    assert (await fleet.run("route", "set", "default", "one")).code == 0
    await until(lambda: takes(fleet, True))
    assert await took(fleet, await fleet.submit(5)) == {"one": 5}
    assert (await fleet.run("route", "reset", "default")).code == 0


async def test_every_worker_hears_of_a_chain_within_a_second_and_of_one_that_is_restored(fleet: Fleet) -> None:
    two_first = Route(name="default", chain=(ChainLink(provider="two"), ChainLink(provider="one", priority=200)))
    for route, opened in ((two_first, False), (None, True)):
        began = time.monotonic()
        await fleet.client.fleet.controls.set_route("default", route)
        await until(lambda opened=opened: takes(fleet, opened))
        assert time.monotonic() - began < PROMPTLY_S
    versions = await fleet.client.fleet.controls.versions.of("default")
    back = await fleet.run("route", "restore", "default", str(versions[1].number), "--json")
    told = json.loads(back.out)
    assert (told["version"], told["workers"], told["heard"]) == (versions[0].number + 1, 3, 3)
    assert await took(fleet, await fleet.submit(5)) == {"two": 5}


async def test_a_wrong_name_is_answered_with_what_may_be_meant(fleet: Fleet) -> None:
    ran = await fleet.run("providers", "drain", "ones")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: unknown provider 'ones'; known: one, ")
    assert ran.err.endswith("two; did you mean 'one'?\n")
    ran = await fleet.run("route", "set", "defualt", "one")
    assert (ran.code, "did you mean 'default'?" in ran.err) == (2, True)


async def test_the_status_tells_how_each_provider_stands(fleet: Fleet) -> None:
    assert await took(fleet, await fleet.submit(6)) == {"one": 6}
    ran = await fleet.run("providers", "status", "--json")
    health = json.loads(ran.out)["health"]
    assert (health["one"]["state"], health["two"]["state"]) == ("takes jobs", "takes jobs")
    assert health["one"]["models"]["sim-chat"]["calls"] >= 6
    assert 0.05 < health["one"]["models"]["sim-chat"]["total_s"] < 5
    assert [each["unavailable"] for each in health["one"]["endpoints"]] == [None, None]
    assert health["two"]["closed_lanes"]
    ran = await fleet.run("providers", "status", "--detailed")
    for words in ("takes jobs", "one/sim-chat", "comes first and is available", fleet.providers["one"].base_url):
        assert words in ran.out


async def test_breakers_that_are_open_are_shown_and_closed_by_a_reset(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    one.switch_on("refuse")
    assert await took(fleet, await fleet.submit(8)) == {"two": 8}
    ran = await fleet.run("providers", "status")
    assert re.search(r"one +(open|half_open) +endpoint ", ran.out), ran.out
    await one.switch_off()
    told = await changed(fleet, "reset", "one")
    assert [each.split()[0] for each in told["closed"]] == ["endpoint"]
    await until(lambda: takes(fleet, True))
