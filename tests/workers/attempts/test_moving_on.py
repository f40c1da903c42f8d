"""Where a job goes when a target has failed it."""

import httpx2
import pytest

from workfleet.routing.directory import RetryPolicy
from workfleet.tasks.job import JobState
from workfleet.tasks.results import Outcome
from workfleet.workers.attempts.ending import Moved
from workfleet.workers.endpoints.probing import probe

from ..pools import Fleet, breaks, directory_of, fails, fleet, hosted, provider, says
from ..running import facts, history


async def test_a_broken_connection_is_tried_again_here_at_once(two: Fleet) -> None:
    two.servers["one"].will(breaks(), says("ok"))
    job_id = await two.submit()
    assert await two.follow(job_id, first="one") == ["one", "one"]
    assert await history(two, job_id) == [(1, "one/m", "transport"), (2, "one/m", "succeeded")]


async def test_twice_broken_here_the_job_goes_to_the_next_target_with_its_history(two: Fleet) -> None:
    two.servers["one"].will(breaks())
    job_id = await two.submit()
    assert await two.follow(job_id, first="one") == ["one", "one", "two"]
    assert await history(two, job_id) == [
        (1, "one/m", "transport"),
        (2, "one/m", "transport"),
        (3, "two/m", "succeeded"),
    ]
    assert [entry.fallback for entry in await two.client.attempts(job_id)] == [False, False, True]


async def test_an_overloaded_target_is_left_at_once(two: Fleet) -> None:
    two.servers["one"].will(fails(529))
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved("overloaded, on to two")
    job = await two.client.job(job_id)
    assert (job.state, job.queue, job.tried) == (JobState.QUEUED, "provider.two", ("one/m",))


async def test_a_rejected_answer_goes_to_the_next_target_and_was_paid_for(two: Fleet) -> None:
    two.servers["two"].will(says("no code at all"))
    two.servers["one"].will(says("def test_it():\n    assert True\n"))
    job_id = await two.submit(judge="python-tests", chain=("two", "one"))
    assert await two.follow(job_id, first="two") == ["two", "two", "one"]
    entries = await two.client.attempts(job_id)
    assert [facts(entry) for entry in entries] == [
        (1, "two/m", "bad_output"),
        (2, "two/m", "bad_output"),
        (3, "one/m", "succeeded"),
    ]
    assert [entry.cost_usd for entry in entries] == [2e-5, 2e-5, 0.0]


async def test_a_job_that_all_targets_failed_names_each_and_why(two: Fleet) -> None:
    two.servers["one"].will(fails(401, "who are you"))
    two.servers["two"].will(fails(404, "no such model", code="model_not_found"))
    job_id = await two.submit()
    assert await two.follow(job_id, first="one") == ["one", "two"]
    outcome = await two.client.wait(job_id)
    assert outcome == Outcome(
        job_id,
        JobState.FAILED,
        error="no other target is left to try; one/m: auth: who are you; two/m: model_not_found: no such model",
    )


async def test_what_was_skipped_is_named_too(two: Fleet) -> None:
    two.servers["one"].will(fails(400, "odd request"))
    two.out("two", "its credentials are rejected: no")
    job_id = await two.submit()
    await two.follow(job_id, first="one")
    assert (await two.client.wait(job_id)).error == (
        "no other target is left to try; one/m: bad_request: odd request; "
        "two: skipped: its credentials are rejected: no"
    )


async def test_a_refused_job_waits_for_a_target_that_only_rests(two: Fleet) -> None:
    two.servers["one"].will(fails(404, "gone", code="model_not_found"))
    two.out("two", "its breaker is open", resting=True)
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved("model_not_found, on to two")


@pytest.mark.parametrize("reply", [breaks(), fails(500), fails(529)], ids=["transport", "server", "overloaded"])
async def test_without_another_target_the_same_one_is_asked_until_the_attempts_are_used_up(
    redis_url: str, reply: httpx2.Response | httpx2.TransportError
) -> None:
    # A hosted provider: its breaker is more patient than the job.
    async with fleet(redis_url, hosted("one")) as alone:
        alone.servers["one"].will(reply)
        job_id = await alone.submit()
        await alone.follow(job_id, first="one")
        outcome = await alone.client.wait(job_id)
        assert outcome.state is JobState.FAILED
        assert (outcome.error or "").startswith("all 4 attempts are used up; one/m: ")
        assert alone.servers["one"].asked == ["m"] * 4


async def test_a_lone_server_that_is_down_costs_no_job(alone: Fleet) -> None:
    """Its breaker opens before a job's attempts are used up, and then the job waits for it."""
    server, upstream = alone.servers["one"], alone.pools["one"].upstream
    server.will(breaks())
    job_id = await alone.submit()
    for _ in range(8):
        await alone.deliver(job_id, "one")
        await alone.client.redis.zadd(alone.client.store.key("snoozed"), {job_id: 0})
        await alone.client.store.rescue()
    assert len(server.asked) == 3
    server.will(says("back"))
    upstream.clock = lambda: 1e9
    await probe(upstream)
    await alone.deliver(job_id, "one")
    assert (await alone.client.result(job_id)).text == "back"


async def test_a_job_of_its_own_limit_of_attempts_is_given_up_after_them(alone: Fleet) -> None:
    alone.servers["one"].will(fails(500, "oops"))
    job_id = await alone.submit(max_attempts=1)
    await alone.deliver(job_id, "one")
    assert (await alone.client.wait(job_id)).error == "all 1 attempts are used up; one/m: server: oops"


async def test_two_models_of_one_provider_are_two_targets(redis_url: str) -> None:
    one = provider("one")
    directory = directory_of(one, chain=["one/small", "one/large"])
    async with fleet(redis_url, one, directory=directory) as pools:
        pools.servers["one"].will(fails(404, "unknown", code="model_not_found"), says("ok"))
        job_id = await pools.submit()
        assert await pools.follow(job_id, first="one") == ["one", "one"]
        assert pools.servers["one"].asked == ["small", "large"]


async def test_a_filtered_job_goes_to_one_more_target_whatever_failed_before(redis_url: str) -> None:
    async with fleet(redis_url, hosted("a"), hosted("b"), hosted("c"), hosted("d")) as pools:
        filtered = fails(400, "unsafe", code="content_filter")
        pools.servers["a"].will(fails(529))
        pools.servers["b"].will(filtered)
        pools.servers["c"].will(filtered)
        job_id = await pools.submit()
        assert await pools.follow(job_id, first="a") == ["a", "b", "c"]
        assert (await pools.client.wait(job_id)).state is JobState.FAILED


async def test_a_provider_without_any_model_sends_jobs_on(redis_url: str) -> None:
    async with fleet(redis_url, provider("one", default_model=None), provider("two")) as pools:
        pools.pools["one"].upstream.models = ()
        job_id = await pools.submit()
        assert await pools.deliver(job_id, "one") == Moved(
            "no model is configured, and the server lists none; on to two"
        )


async def test_a_job_that_names_no_model_gets_the_first_that_the_server_lists(redis_url: str) -> None:
    async with fleet(redis_url, provider("one", default_model=None)) as pools:
        await pools.deliver(await pools.submit(), "one")
        assert pools.servers["one"].asked == ["m"]


async def test_a_policy_of_no_retries_moves_on_at_the_first_failure(redis_url: str) -> None:
    one, two = provider("one"), provider("two")
    directory = directory_of(one, two, retry=RetryPolicy(retries_per_target=0))
    async with fleet(redis_url, one, two, directory=directory) as pools:
        pools.servers["one"].will(breaks())
        assert await pools.follow(await pools.submit(), first="one") == ["one", "two"]
