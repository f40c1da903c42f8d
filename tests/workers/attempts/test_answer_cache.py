"""A request that was asked before gets the same answer again, without a call."""

from typing import Any

import pytest

from workfleet.tasks.answer import Answer, FinishReason, Usage
from workfleet.tasks.job import JobSpec
from workfleet.tasks.request import Request
from workfleet.tasks.stream import PieceKind
from workfleet.workers.attempts.answer_cache import AnswerCache, kept_s, key_of
from workfleet.workers.limits.books import LimitBooks
from workfleet.workers.limits.standing import standings
from workfleet.workers.settings.schema import TaskTypeSettings

from ..pools import Fleet, fleet, hosted, says
from ..running import facts


def spec(prompt: str = "hi", **fields: Any) -> JobSpec:
    return JobSpec.from_prompt(prompt, **fields)


def at(temperature: float | None, **fields: Any) -> JobSpec:
    asked = Request.from_prompt("hi").model_copy(update={"temperature": temperature})
    return JobSpec(request=asked, **fields)


@pytest.mark.parametrize(
    ("job", "of_task", "expected"),
    [
        pytest.param(at(0.0), None, None, id="nobody asks for it"),
        pytest.param(at(0.3), 60.0, 60.0, id="its task type does"),
        pytest.param(at(0.4), 60.0, None, id="another answer may be wanted"),
        pytest.param(at(None), 60.0, None, id="the provider's temperature is not known"),
        pytest.param(at(1.0, cache=True), None, 3600.0, id="the job does"),
        pytest.param(at(1.0, cache=True), 60.0, 60.0, id="the job does, and its task type says how long"),
        pytest.param(at(0.0, cache=False), 60.0, None, id="the job wants none"),
        pytest.param(JobSpec(request=Request(kind="embedding", input=("a",))), 60.0, 60.0, id="a vector"),
    ],
)
def test_an_answer_is_kept_as_long_as_somebody_asks_for(
    job: JobSpec, of_task: float | None, expected: float | None
) -> None:
    assert kept_s(job, of_task) == expected


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param(spec(), True, id="the same"),
        pytest.param(spec(agent="b", user="c", deadline_s=5, idempotency_key="k", custom_id="1"), True, id="who asks"),
        pytest.param(spec(stream=True), True, id="a stream"),
        pytest.param(spec(constraints={"max_cost_usd": 1.0}), True, id="what it may cost"),
        pytest.param(spec("ho"), False, id="another prompt"),
        pytest.param(spec(max_tokens=5), False, id="a shorter answer"),
        pytest.param(spec(model="one/m"), False, id="a model"),
        pytest.param(spec(task_type="code-review"), False, id="a task type"),
        pytest.param(spec(judge="json"), False, id="a judge"),
        pytest.param(spec(constraints={"local_only": True}), False, id="who may be asked"),
    ],
)
def test_the_same_is_what_asks_for_the_same_answer(other: JobSpec, same: bool) -> None:
    assert (key_of(spec()) == key_of(other)) is same


LIMITED = {"limits": {"requests_per_day": 100, "resets": "UTC"}}


async def test_the_second_job_costs_nothing_and_counts_against_no_limit(redis_url: str) -> None:
    async with fleet(redis_url, hosted("one", **LIMITED)) as pools:
        pools.servers["one"].will(says("first"))
        ids = [await pools.submit(cache=True) for _ in range(2)]
        for job_id in ids:
            await pools.deliver(job_id, "one")
        answers = [await pools.client.result(job_id) for job_id in ids]
        (entry,) = await pools.client.attempts(ids[1])
        found = await standings(LimitBooks(pools.client.redis), [pools.pools["one"].upstream.provider])
        assert len(pools.servers["one"].asked) == 1

    assert [answer.text for answer in answers] == ["first", "first"]
    assert answers[1].usage == Usage(cost_usd=0.0, cost_source="cache")
    assert (facts(entry), entry.cost_usd, entry.cost_source) == ((1, "one/m", "succeeded"), 0.0, "cache")
    assert {each.of: each.used for each in found}["requests a day"] == 1


async def test_a_task_type_may_ask_for_it(two: Fleet) -> None:
    for executor in two.pools.values():
        executor.upstream.task_types = {"general": TaskTypeSettings(cache_s=60.0)}
    two.servers["one"].will(says("first"))
    jobs = [at(0.0), at(0.0), at(0.9), at(0.0, cache=False)]
    ids = [await two.client.submit(job) for job in jobs]
    for job_id, pool in zip(ids, ("one", "two", "one", "one"), strict=True):
        await two.deliver(job_id, pool)
    sources = [(await two.client.result(job_id)).usage.cost_source == "cache" for job_id in ids]
    assert sources == [False, True, False, False]


async def test_a_job_that_streams_is_told_all_of_it_at_once(two: Fleet) -> None:
    two.servers["one"].will(says("first"))
    await two.deliver(await two.submit(cache=True), "one")
    job_id = await two.submit(cache=True, stream=True)
    await two.deliver(job_id, "one")
    pieces = [(piece.kind, piece.text) async for piece in two.client.stream(job_id)]
    assert pieces == [(PieceKind.TEXT, "first"), (PieceKind.END, "")]


@pytest.fixture
def cache(two: Fleet) -> AnswerCache:
    return AnswerCache(two.client.redis, at_most=2)


@pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.CONTENT_FILTER, FinishReason.UNKNOWN])
async def test_what_is_not_whole_is_not_kept(cache: AnswerCache, reason: FinishReason) -> None:
    await cache.keep(spec(), "one/m", Answer(text="a", finish_reason=reason), 60.0)
    assert await cache.find(spec()) is None


async def test_the_least_recently_used_make_room(two: Fleet, cache: AnswerCache) -> None:
    answer = Answer(text="a", finish_reason=FinishReason.STOP)
    for age, prompt in enumerate(("old", "older"), 1):
        await cache.keep(spec(prompt), "one/m", answer, 60.0)
        await two.client.redis.zadd("wf:answers", {key_of(spec(prompt)): age})
    assert await cache.find(spec("old")) is not None
    await cache.keep(spec("new"), "one/m", answer, 60.0)
    found = [prompt for prompt in ("old", "older", "new") if await cache.find(spec(prompt)) is not None]
    assert found == ["old", "new"]
    assert await two.client.redis.zcard("wf:answers") == 2


async def test_what_cannot_be_read_is_asked_for_again(two: Fleet, cache: AnswerCache) -> None:
    await two.client.redis.set(f"wf:answer:{key_of(spec())}", b'one/m\n{"colour": 1}')
    assert await cache.find(spec()) is None
