"""An answer that a filter ended comes with status 200, is paid for, and is none."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from workfleet.tasks.job import JobState
from workfleet.workers.attempts.ending import Moved

from ..pools import Fleet, fleet, hosted, says


def ends(how: str) -> httpx2.Response:
    choice = {"index": 0, "message": {"role": "assistant", "content": "First, take"}, "finish_reason": how}
    return httpx2.Response(200, json={"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 5}})


def refuses() -> httpx2.Response:
    message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return httpx2.Response(200, json={"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 5}})


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[Fleet]:
    async with fleet(redis_url, hosted("one"), hosted("two")) as pools:
        yield pools


@pytest.mark.parametrize("reply", [ends("content_filter"), refuses()], ids=["the filter", "the model"])
async def test_it_goes_to_another_target_and_its_cost_is_booked(two: Fleet, reply: httpx2.Response) -> None:
    two.servers["one"].will(reply)
    job_id = await two.submit()
    assert await two.deliver(job_id, "one") == Moved("content_filtered, on to two")
    await two.deliver(job_id, "two")
    assert (await two.client.result(job_id)).text == "ok"
    first, second = await two.client.attempts(job_id)
    assert (first.outcome, first.output_tokens, first.cost_usd) == ("content_filtered", 5, 2e-5)
    assert (second.outcome, second.target) == ("succeeded", "two/m")


async def test_it_says_nothing_of_the_target(two: Fleet) -> None:
    two.servers["one"].will(*[ends("content_filter")] * 8, says("ok"))
    for _ in range(8):
        await two.deliver(await two.submit(), "one")
    assert two.pools["one"].upstream.why_not() is None
    assert two.pools["one"].upstream.models_out() == {}


async def test_a_job_that_every_target_filters_fails_and_says_so(two: Fleet) -> None:
    for server in two.servers.values():
        server.will(ends("content_filter"))
    job_id = await two.submit()
    assert await two.follow(job_id, first="one") == ["one", "two"]
    outcome = await two.client.wait(job_id)
    assert outcome.state is JobState.FAILED
    assert outcome.error is not None
    assert "the provider's filter ended the answer" in outcome.error
