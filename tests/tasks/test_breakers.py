"""The fleet's breakers in Redis do what the pure ones do, and lend one probe."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
import redis as sync_redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workfleet.routing.breaker import Breaker, BreakerPolicy
from workfleet.tasks import breakers as module
from workfleet.tasks.breakers import BreakerName, Breakers, Heard, Note, SharedBreaker
from workfleet.tasks.client import AsyncClient

POLICY = BreakerPolicy(failures=3, window_s=60.0, least_calls=6, share=0.5, cool_off_s=30.0, max_cool_off_s=100.0)
NAME = BreakerName("target", "groq", "llama|3:70b")
ENDPOINT = BreakerName("endpoint", "vllm", "http://gpu:8000")


def ok(*, age_s: float = 0.0, calls: int = 1, name: BreakerName = NAME) -> Note:
    return Note("ok", name, POLICY, age_s, calls)


def bad(*, age_s: float = 0.0, name: BreakerName = NAME) -> Note:
    return Note("bad", name, POLICY, age_s)


def probe(name: BreakerName = NAME) -> Note:
    return Note("probe", name, POLICY)


@dataclass
class Clocked:
    """A Redis whose scripts read the time that a test sets."""

    redis: Any

    def register_script(self, source: str) -> Any:
        return self.redis.register_script(source.replace("redis.call('TIME')", "redis.call('LRANGE', 'clock', 0, -1)"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.redis, name)


@dataclass
class Board:
    """Breakers on a real Redis, at times that a test sets."""

    redis: Any
    breakers: Breakers = field(init=False)

    def __post_init__(self) -> None:
        self.breakers = Breakers(cast("Any", Clocked(self.redis)))

    async def at(self, now_ms: int, *notes: Note, node: str = "one") -> Heard:
        await self.redis.delete("clock")
        await self.redis.rpush("clock", now_ms // 1000, now_ms % 1000 * 1000)
        return await self.breakers.tell(node, notes)

    async def breaker(self, now_ms: int, *notes: Note, node: str = "one") -> SharedBreaker:
        heard = await self.at(now_ms, *notes, node=node)
        return heard.breakers.get(str(NAME), SharedBreaker())


@pytest.fixture
async def board(redis_url: str) -> AsyncIterator[Board]:
    async with AsyncClient(redis_url) as client:
        yield Board(client.redis)


async def test_the_clock_is_redis_own(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        seconds, _ = await client.redis.time()
        heard = await Breakers(client.redis).tell("one")
    assert 0 <= heard.now / 1000 - seconds < 60
    assert heard.breakers == {}


async def test_failures_of_several_nodes_open_one_breaker(board: Board) -> None:
    await board.at(1000, bad(), node="one")
    assert (await board.breaker(2000, bad(), node="two")).failures == 2
    opened = await board.breaker(3000, bad(), node="three")
    assert (opened.opened, opened.trips, opened.probe) == (3000, 1, 33_000)


async def test_successes_between_keep_it_closed(board: Board) -> None:
    assert not (await board.breaker(1000, bad(), bad(), ok(calls=9), bad(), bad())).is_open


async def test_a_node_that_fails_while_others_succeed_is_left_to_itself(board: Board) -> None:
    for _ in range(10):
        await board.at(1000, bad(), bad(), node="one")
        assert not (await board.breaker(1000, ok(), node="two")).is_open
    assert not (await board.breaker(2000, bad(), bad(), bad(), node="one")).is_open
    assert (await board.breaker(3000, bad(), node="two")).is_open


async def test_what_succeeded_before_the_first_failure_says_nothing(board: Board) -> None:
    await board.at(1000, ok(calls=5), node="two")
    assert (await board.breaker(2000, bad(), bad(), bad(), node="one")).is_open


async def test_a_breaker_without_failures_costs_nothing_to_hear_of(board: Board) -> None:
    assert (await board.at(1000, ok(calls=500))).breakers == {}


async def test_failures_are_forgotten_when_they_have_left_the_window(board: Board) -> None:
    await board.at(1000, bad())
    assert (await board.at(60_999)).breakers != {}
    assert (await board.at(61_000)).breakers == {}


async def test_exactly_one_node_gets_the_probe_and_keeps_it_while_it_asks(board: Board) -> None:
    await board.at(0, bad(), bad(), bad())
    assert (await board.breaker(29_999, probe())).prober == ""
    assert (await board.breaker(30_000, probe(), node="one")).prober == "one"
    assert (await board.breaker(30_000, probe(), node="two")).prober == "one"
    assert (await board.breaker(39_000, probe(), node="one")).lent == 49_000
    assert (await board.breaker(48_999, probe(), node="two")).prober == "one"


async def test_an_open_one_that_nobody_has_tried_for_a_day_is_forgotten(board: Board) -> None:
    await board.at(0, bad(), bad(), bad())
    day_ms = 86_400_000
    assert list((await board.at(30_000 + day_ms - 1)).breakers) == [str(NAME)]
    assert (await board.at(30_000 + day_ms)).breakers == {}


async def test_a_prober_that_dies_frees_the_probe(board: Board) -> None:
    await board.at(0, bad(), bad(), bad())
    await board.at(30_000, probe(), node="dead")
    found = await board.breaker(40_000, probe(), node="two")
    assert (found.prober, found.lent) == ("two", 50_000)


async def test_hundred_nodes_that_ask_at_once_get_one_probe(redis_url: str) -> None:
    quick = BreakerPolicy(failures=1, cool_off_s=0.0)
    async with AsyncClient(redis_url) as client:
        breakers = Breakers(client.redis)
        await breakers.tell("one", [Note("bad", NAME, quick)])
        notes = [Note("probe", NAME, quick)]
        heard = await asyncio.gather(*(breakers.tell(str(node), notes) for node in range(100)))
    assert len({each.breakers[str(NAME)].prober for each in heard}) == 1


async def test_a_probe_that_succeeds_closes_it_and_one_that_fails_doubles_the_cool_off(board: Board) -> None:
    await board.at(0, bad(), bad(), bad())
    assert (await board.breaker(31_000, bad(age_s=1.0))).probe == 31_000 + 60_000
    assert (await board.at(92_000, ok(age_s=1.0))).breakers == {}


async def test_several_probes_close_it_if_the_policy_wants_several(board: Board) -> None:
    careful = replace(POLICY, successes=2)
    well = Note("ok", NAME, careful, 1.0, calls=5)
    await board.at(0, bad(), bad(), bad())
    assert (await board.breaker(32_000, well)).successes == 1
    assert (await board.breaker(33_000, bad())).successes == 0
    assert (await board.at(95_000, well, well)).breakers == {}


async def test_a_change_wakes_every_node(board: Board) -> None:
    async with board.redis.pubsub() as news:
        await news.subscribe("wf:wake")
        await news.get_message(timeout=5)
        await board.at(0, bad(), bad(), bad())
        heard = await news.get_message(timeout=5)
    assert heard["data"].decode() == str(NAME)


async def test_a_reset_closes_the_breakers_of_one_provider(board: Board) -> None:
    await board.at(0, *[bad()] * 3, *[bad(name=ENDPOINT)] * 3)
    assert await board.breakers.reset("groq") == [NAME]
    assert list((await board.at(1)).breakers) == [str(ENDPOINT)]
    assert not (await board.breaker(2, bad(), bad())).is_open


@pytest.mark.parametrize("name", [NAME, ENDPOINT])
def test_names_are_read_as_they_are_written(name: BreakerName) -> None:
    assert BreakerName.parse(str(name)) == name


@pytest.mark.parametrize("text", ["", "target", "target|groq", "other|groq|m"])
def test_other_names_are_none(text: str) -> None:
    assert BreakerName.parse(text) is None


POLICIES = st.builds(
    BreakerPolicy,
    failures=st.integers(1, 6),
    window_s=st.sampled_from([10.0, 60.0]),
    least_calls=st.integers(1, 12),
    share=st.sampled_from([0.25, 0.5, 1.0]),
    cool_off_s=st.sampled_from([1.0, 30.0]),
    max_cool_off_s=st.sampled_from([30.0, 100.0]),
    successes=st.integers(1, 3),
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 40_000),
        st.one_of(
            st.tuples(st.just("ok"), st.integers(0, 60_000), st.integers(1, 80)),
            st.tuples(st.just("bad"), st.integers(0, 60_000), st.just(1)),
            st.tuples(st.just("bad"), st.just(0), st.just(1)),
            st.tuples(st.just("probe"), st.just(0), st.just(1)),
        ),
        st.sampled_from(["one", "two"]),
    ),
    max_size=40,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, policy=POLICIES)
def test_redis_does_what_the_pure_breaker_does(redis_server_url: str, steps: list[Any], policy: BreakerPolicy) -> None:
    async def compared() -> None:
        async with AsyncClient(redis_server_url) as client:
            board, model, now = Board(client.redis), Breaker(), 1_000_000
            for pause, (kind, age, calls), node in steps:
                now += pause
                model = after(model, policy, kind, now / 1000, age / 1000, calls, node)
                told = await board.breaker(now, Note(kind, NAME, policy, age / 1000, calls), node=node)
                assert seen(told) == seen_of(model, policy)

    with sync_redis.Redis.from_url(redis_server_url) as client:
        client.flushall()
    asyncio.run(compared())


def after(model: Breaker, policy: BreakerPolicy, kind: str, now: float, age: float, calls: int, node: str) -> Breaker:
    if kind == "probe":
        return model.lent(policy, node, now=now, lease_s=module.LEASE_S)
    if kind == "bad":
        return model.failed(policy, began=now - age, now=now, node=node)
    return model.succeeded(policy, began=now - age, now=now, calls=calls, node=node)


def seen(breaker: SharedBreaker) -> tuple[object, ...]:
    """What of both must be alike."""
    if not breaker.is_open:
        return ()
    return (breaker.opened, breaker.trips, breaker.successes, breaker.prober, breaker.lent, breaker.probe)


def seen_of(model: Breaker, policy: BreakerPolicy) -> tuple[object, ...]:
    if model.opened_at is None:
        return ()
    times, counts = (model.lent_until, model.probe_at(policy)), (model.trips, model.successes)
    return (round(model.opened_at * 1000), *counts, model.prober or "", *(round(at * 1000) for at in times))
