"""What processes learn of estimates is the whole fleet's, on a real Redis."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from redis.exceptions import ConnectionError as RedisConnectionError

from workfleet.routing.calibration import ENOUGH, Calibration, Errors, Estimated, Kind
from workfleet.tasks.connection import AsyncRedis, connect
from workfleet.tasks.request import Request
from workfleet.tasks.scripting import Scripts
from workfleet.workers.calibration.books import Accuracy, EstimateBooks
from workfleet.workers.calibration.gauge import Gauge

KIND = Kind("one/a model: large", "middling, tools")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[AsyncRedis]:
    connection = connect(SecretStr(redis_url))
    yield connection
    await connection.aclose()


def learn(gauge: Gauge, counts: list[int], kind: Kind = KIND) -> None:
    for counted in counts:
        gauge.learn(Estimated(kind, 1000, 1000), counted)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.lists(st.integers(1, 10**7), max_size=40), max_size=4))
async def test_the_script_remembers_what_its_model_does(redis: AsyncRedis, parts: list[list[int]]) -> None:
    await redis.flushdb()
    expected, told = Calibration(), 0
    for part in parts:
        gauge = Gauge()
        learn(gauge, part)
        await EstimateBooks(redis).share(gauge)
        expected, told = expected.with_calls(part), told + len(part)
    books = EstimateBooks(redis)
    assert (await books.calibrations()).get(KIND, Calibration()) == expected
    assert (await books.accuracy()).get(KIND, Accuracy()).before.calls == told


async def test_a_process_that_has_seen_nothing_hears_what_the_others_know(redis: AsyncRedis) -> None:
    asked = Request.from_prompt("Say hello to everybody. " * 50)
    first, second = Gauge(), Gauge()
    raw = second.estimate("one/m", asked).tokens
    for _ in range(ENOUGH):
        first.learn(first.estimate("one/m", asked), 2 * raw)
    await EstimateBooks(redis).share(first)
    assert second.estimate("one/m", asked).tokens == raw
    await EstimateBooks(redis).share(second)
    assert second.estimate("one/m", asked).tokens == 2 * raw


async def test_errors_are_kept_before_and_after(redis: AsyncRedis) -> None:
    gauge = Gauge()
    gauge.learn(Estimated(KIND, 1000, 1600), 1600)
    await EstimateBooks(redis).share(gauge)
    await EstimateBooks(redis).share(gauge)
    assert await EstimateBooks(redis).accuracy() == {KIND: Accuracy(Errors({-24: 1}), Errors({0: 1}))}


class Mute(Scripts):
    """The scripts of a Redis whose first reply is lost."""

    heard = False

    async def run(self, name: str, *arguments: str | bytes | float) -> object:
        reply = await super().run(name, *arguments)
        if not self.heard:
            self.heard = True
            raise RedisConnectionError("lost")
        return reply


async def test_what_is_told_again_after_a_lost_reply_counts_once(
    redis: AsyncRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workfleet.workers.calibration.books.Scripts", Mute)
    books, gauge = EstimateBooks(redis), Gauge()
    learn(gauge, [1600])
    with pytest.raises(RedisConnectionError):
        await books.share(gauge)
    learn(gauge, [1700])
    await books.share(gauge)
    assert gauge.known[KIND] == Calibration((1600, 1700))
    await books.share(gauge)
    assert (await books.calibrations())[KIND] == gauge.known[KIND] == Calibration((1600, 1700))
    assert (await books.accuracy())[KIND].before.calls == 2


async def test_models_without_end_do_not_fill_redis(redis: AsyncRedis) -> None:
    gauge = Gauge()
    for number in range(2100):
        learn(gauge, [1000], Kind(f"one/{number}", "large"))
    await EstimateBooks(redis).share(gauge)
    assert len(await EstimateBooks(redis).calibrations()) == 2000


async def test_nothing_is_asked_while_there_is_nothing_new(redis: AsyncRedis) -> None:
    await EstimateBooks(redis).share(Gauge())
    assert await redis.keys("wf:estimates:*") == []
