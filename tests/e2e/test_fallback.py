"""Providers fail, hang and come back, and the work flows to the next one and back by itself."""

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from workfleet.tasks.job import JobSpec, JobState
from workfleet.workers.simulator import Settings

from .fleet import Fleet, fleet_of, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: `one` is first while it is available, however full it is.
IN_ORDER: dict[str, Any] = {"chain": ["one", "two"], "strategy": "priority", "spill_after_s": None}
#: Long enough for a simulator that answers from the tests' own process, on a machine that is busy.
QUICK: dict[str, Any] = {"timeouts": {"total_s": 2}, "health_check": {"timeout_s": 2}}
WELL = Settings(latency_s=0.02, answer_tokens=8)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Workers of `one` and `two`, which are tried in this order."""
    folder = tmp_path_factory.mktemp("fleet")
    providers = {"one": QUICK, "two": QUICK}
    async with fleet_of(folder, providers, simulated=WELL, routes={"default": IN_ORDER}) as fleet:
        await asyncio.gather(fleet.worker("one"), fleet.worker("two"))
        yield fleet


@pytest_asyncio.fixture(loop_scope="module")
async def fleet(shared: Fleet) -> AsyncIterator[Fleet]:
    """Both are well when a test begins."""
    for each in shared.providers.values():
        each.reset()
    yield shared
    for name, each in shared.providers.items():
        await each.switch_off()
        each.configure(**WELL.model_dump(exclude={"api_key"}))
        await until(lambda name=name: answers(shared, name))


async def answers(fleet: Fleet, provider: str) -> bool:
    """Whether a provider takes jobs again. A breaker lets one call try before it closes."""
    outcome, *_ = await fleet.outcomes(await fleet.submit(1, chain=(provider, "two")))
    return outcome.answer is not None and outcome.answer.provider == provider


async def answered_by(fleet: Fleet, ids: list[str]) -> dict[str, int]:
    """How many of the jobs each provider answered; all have been."""
    found: dict[str, int] = {}
    for outcome in await fleet.outcomes(ids):
        assert outcome.answer is not None, outcome.error
        found[outcome.answer.provider] = found.get(outcome.answer.provider, 0) + 1
    return found


async def is_open(fleet: Fleet, provider: str) -> bool:
    pool = (await fleet.client.snapshot()).pools().get(provider)
    return pool is not None and pool.unavailable is None


@pytest.mark.parametrize("fault", ["http-500", "http-503", "reset", "hang", "refuse", "cut-mid-line"])
async def test_jobs_of_a_failing_provider_end_at_the_next(fleet: Fleet, fault: str) -> None:
    fleet.providers["one"].switch_on(fault)
    began = time.monotonic()
    ids = await fleet.submit(40)
    assert await answered_by(fleet, ids) == {"two": 40}
    assert time.monotonic() - began < 8
    tried = [(await fleet.client.job(job_id)).attempts for job_id in ids]
    assert max(tried) <= 3


async def test_the_calls_that_a_failure_made_necessary_are_a_share_of_all(fleet: Fleet) -> None:
    before = await calls(fleet)
    fleet.providers["one"].switch_on("prompt-filtered")
    assert await answered_by(fleet, await fleet.submit(10)) == {"two": 10}
    await fleet.providers["one"].switch_off()
    assert await answered_by(fleet, await fleet.submit(5)) == {"one": 5}
    after = await calls(fleet)
    added = {name: tuple(now - was for now, was in zip(after[name], before[name], strict=True)) for name in after}
    assert added == {"one": (15, 0), "two": (10, 10)}


async def calls(fleet: Fleet) -> dict[str, tuple[int, int]]:
    """Of each provider, all calls and those among them that were fallbacks."""
    rows = json.loads((await fleet.run("usage", "--json")).out)["rows"]
    assert all(row["fallback_rate"] == row["fallbacks"] / row["calls"] for row in rows)
    return {row["provider"]: (row["calls"], row["fallbacks"]) for row in rows}


async def test_what_already_waits_for_a_provider_that_dies_goes_on_to_the_next(fleet: Fleet) -> None:
    """Its worker lives, and keeps emptying its queue."""
    one = fleet.providers["one"]
    one.configure(latency_s=0.4, slots=1)
    ids = await fleet.submit(30, chain=("one", "two"))
    await until(lambda: one.stats.complete > 0)
    one.switch_on("refuse")
    found = await answered_by(fleet, ids)
    assert found["two"] >= 20


async def test_what_waits_for_a_provider_whose_worker_dies_goes_on_to_the_next(fleet: Fleet) -> None:
    """No worker of it lives, and those of others empty its queue."""
    one = fleet.providers["one"]
    one.configure(latency_s=60)
    ids = await fleet.submit(30, chain=("one", "two"))
    await until(lambda: one.stats.in_flight > 0)
    await fleet.workers[0].stop(signal.SIGKILL)
    assert await answered_by(fleet, ids) == {"two": 30}
    fleet.workers[0] = await fleet.worker("one", node=fleet.workers[0].node)


async def test_a_rejected_answer_is_asked_again_elsewhere(fleet: Fleet) -> None:
    fleet.providers["one"].configure(bad_output=1.0)
    job_id = await fleet.client.submit(JobSpec.from_prompt("Write pytest tests for add(a, b)", judge="python-tests"))
    assert (await fleet.client.result(job_id, timeout_s=20)).provider == "two"
    tried = [(entry.target, entry.outcome) for entry in await fleet.client.attempts(job_id)]
    assert tried == [
        ("one/sim-chat", "bad_output"),
        ("one/sim-chat", "bad_output"),
        ("two/sim-chat", "succeeded"),
    ]


async def test_when_every_provider_fails_one_error_names_each_target_and_why(fleet: Fleet) -> None:
    fleet.providers["one"].switch_on("http-500")
    fleet.providers["two"].switch_on("model-retired")
    job_id = await fleet.client.submit(JobSpec.from_prompt("hello", max_attempts=3))
    (outcome,) = await fleet.outcomes([job_id])
    assert outcome.state is JobState.FAILED
    for words in ("one/sim-chat: server:", "two/sim-chat: model_not_found:"):
        assert words in (outcome.error or "")


async def test_when_every_provider_is_down_callers_are_told_why_and_jobs_outlast_it(fleet: Fleet) -> None:
    for each in fleet.providers.values():
        each.switch_on("refuse")
    ids = await fleet.submit(20)
    await until(lambda: no_pool_is_open(fleet))
    late = await fleet.submit(3, deadline_s=0.5)
    ran = await fleet.run("submit", "hello", "--wait")
    assert (ran.code, ran.out) == (3, "")
    for words in ("no target can take the job", "one: ", "two: "):
        assert words in ran.err
    for outcome in await fleet.outcomes(late):
        assert outcome.state is JobState.EXPIRED
        assert re.fullmatch(
            "its deadline passed .*; one: it does not answer: .*; two: it does not answer: .*", str(outcome.error)
        )
    for each in fleet.providers.values():
        await each.switch_off()
    assert sum((await answered_by(fleet, ids)).values()) == 20


async def no_pool_is_open(fleet: Fleet) -> bool:
    return not (await is_open(fleet, "one") or await is_open(fleet, "two"))


async def takes_nothing(fleet: Fleet, node: str) -> bool:
    return not (await fleet.nodes())[node].open_lanes


async def test_a_provider_that_comes_back_is_used_again_by_itself(fleet: Fleet) -> None:
    one = fleet.providers["one"]
    one.switch_on("refuse")
    assert await answered_by(fleet, await fleet.submit(20)) == {"two": 20}
    await one.switch_off()
    await until(lambda: answers(fleet, "one"))
    await until(lambda: takes_nothing(fleet, "two@2"))
    assert await answered_by(fleet, await fleet.submit(20)) == {"one": 20}
