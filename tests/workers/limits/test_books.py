"""The scripts do what their model says, step by step, on a real Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from workfleet.routing.limit_books import Books, Counted, Held, Mean
from workfleet.routing.limits import Limit, Pace, Paid, Quota, Slots, Unit
from workfleet.routing.reservation import Ask, Denied, Granted, Used
from workfleet.routing.trail import Part, Trail
from workfleet.tasks.connection import connect
from workfleet.workers.limits.books import LimitBooks, Wait

DAY_S = 86_400.0
NOW = time.time()

#: Calendar days in whose middle the test runs, and whose end it does not reach.
TODAY = (NOW - DAY_S / 2, NOW + DAY_S / 2, NOW + 1.5 * DAY_S)

LIMITS: tuple[Limit, ...] = (
    Pace("rpm", Unit.REQUESTS, 100, 60.0),
    Pace("rpm", Unit.REQUESTS, 7, 60.0),  # lowered, and raised again
    Pace("tpm", Unit.TOKENS, 9_000, 60.0),
    Pace("tpm", Unit.TOKENS, 900, 60.0),
    Pace("slow", Unit.TOKENS, 500, 3_600.0),
    Quota("rpd", Unit.REQUESTS, 6, DAY_S, TODAY),
    Quota("rpd", Unit.REQUESTS, 9, DAY_S, TODAY),  # raised, and lowered again
    Quota("tpd", Unit.TOKENS, 2_500, DAY_S),
    Quota("tpw", Unit.TOKENS, 2_500, 7 * DAY_S, TODAY),
    Quota("usd/day", Unit.USD, 4_000_000, DAY_S, TODAY),
    Quota("usd/month", Unit.USD, 9_000_000, 30 * DAY_S),
    Slots("slots", 3),
)
#: USD for a million tokens of input and of output, in nano-dollars a token; none and cheap ones among them.
RATES = ((0.0, 0.0), (50.0, 80.0), (3_000.0, 15_000.0), (187.3, 1_249.9), (None, None))
KINDS = ("general|a/m", "code-review|a/m")


@st.composite
def asks(draw: st.DrawFn, limits: tuple[Limit, ...]) -> Ask:
    input_nano, answer_nano = draw(st.sampled_from(RATES))
    return Ask(
        id=str(draw(st.integers(0, 40))),
        kind=draw(st.sampled_from(KINDS)),
        input_tokens=draw(st.integers(0, 600)),
        answer_cap=draw(st.integers(1, 800)),
        answer_guess=draw(st.integers(1, 800)),
        patience_s=draw(st.sampled_from((0.0, 1.0, 30.0, 9e9, 9e9, 9e9))),
        lease_s=draw(st.sampled_from((-1e11, 60.0, 60.0, 60.0))),
        limits=limits,
        pauses=draw(st.sampled_from(((), (), ("p",), ("p", "q")))),
        input_nano=input_nano,
        answer_nano=answer_nano,
        longest_s=draw(st.sampled_from((2.0, 9e9, 9e9))),
        answer_paid=draw(st.sampled_from((0, 0, 700))),
    )


def uses() -> st.SearchStrategy[Used]:
    counts = st.none() | st.integers(0, 700)
    costs = st.none() | st.integers(0, 9_000_000)
    return st.builds(Used, requests=st.integers(0, 1), tokens=counts, answer_tokens=counts, nano_usd=costs)


@st.composite
def scripts(draw: st.DrawFn) -> list[object]:
    """Some calls of one target and some of another; both share limits."""
    targets = [tuple(draw(st.lists(st.sampled_from(LIMITS), unique=True, min_size=1, max_size=3))) for _ in range(2)]
    ask, settle = asks(targets[0]) | asks(targets[1]), st.tuples(st.integers(0, 40).map(str), uses())
    pause = st.tuples(st.sampled_from("pq"), st.floats(0.5, 500.0))
    others = (settle, settle, pause, st.just("lapse"))
    return draw(st.lists(st.one_of(ask, ask, ask, *others), min_size=5, max_size=60))


async def run(url: str, script: Sequence[object]) -> None:
    redis = connect(SecretStr(url))
    try:
        await redis.flushall()
        books, model, asked = LimitBooks(redis), Books(), dict[str, Ask]()
        for step in script:
            match step:
                case Ask(id_):
                    ask = asked.get(id_, step)
                    said = await books.reserve(ask)
                    model, expected = model.reserve(ask, books.now)
                    assert said == expected
                    if isinstance(said, Granted):
                        asked[id_] = ask
                case (str(id_), Used() as used) if id_ in asked:
                    ask = asked.pop(id_)
                    news = await books.settle(id_, ask.kind, ask.limits, used)
                    model, expected_news = model.settle(id_, ask.kind, ask.limits, used, books.now)
                    assert news == expected_news
                case "lapse":
                    over = await books.lapse()
                    assert over == sum(until <= books.now for until in model.leases.values())
                    model = model.lapsed(books.now)
                case (str(key), float(wait_s)):
                    await books.pause(key, wait_s)
                    until = max(model.pauses.get(key, 0.0), books.now + wait_s)
                    model = replace(model, pauses={**model.pauses, key: until})
                case _:
                    pass
        assert await stored(books, model) == model_of(model, books.now)
    finally:
        await redis.aclose()


async def stored(books: LimitBooks, model: Books) -> object:
    redis = books.redis
    paces = {key: Paid(*map(float, (await redis.get(books.key(key))).split())) for key in model.paces}
    counts = dict[str, Counted]()
    for key in model.counts:
        raw = {field.decode(): float(value) for field, value in (await redis.hgetall(books.key(key))).items()}
        parts = {float(began): units for began, units in raw.items() if began[0].isdigit()}
        counts[key] = Counted(parts, int(raw.get("told", 0)), raw.get("told_at", 0.0), raw["amount"])
    slots = {
        key: [id_.decode() for id_ in await redis.zrangebyscore(books.key(key), books.now, "inf")]
        for key in model.slots
    }
    means = {
        kind.decode(): Mean(float(found.split()[0]), float(found.split()[1]), int(found.split()[2]))
        for kind, found in (await redis.hgetall(books.key("answers"))).items()
    }
    trails = {key: await _trail(books, key) for key in model.trails}
    held = {id_.decode().rpartition(":")[2]: await redis.get(id_) for id_ in await redis.keys(books.key("held", "*"))}
    leases = {id_.decode(): until for id_, until in await redis.zrange(books.key("leases"), 0, -1, withscores=True)}
    return (
        paces,
        trails,
        counts,
        {key: sorted(ids) for key, ids in slots.items()},
        means,
        {k: _held(v) for k, v in held.items()},
        leases,
    )


def _held(found: bytes) -> Held:
    words, _, money = found.decode().split("\n")
    at, begins, tokens, guessed, unsure, *costs = words.split()
    nano_usd, presumed = (None if cost == "-" else int(cost) for cost in costs)
    names = iter(money.split("\x1f") if money else ())
    parts = tuple((key, float(part)) for key, part in zip(names, names, strict=True))
    return Held(float(at), float(begins), int(tokens), guessed == "1", int(unsure), nano_usd, presumed, parts)


async def _trail(books: LimitBooks, key: str) -> Trail:
    raw = await books.redis.hgetall(books.key("trail", key))
    last = float(raw.pop(b"last", 0))
    sums = Part(float(raw.pop(b"tokens")), int(raw.pop(b"unsure")))
    parts = {int(number): _part(found) for number, found in raw.items()}
    assert sums == Part(sum(part.tokens for part in parts.values()), sum(part.unsure for part in parts.values()))
    return Trail(parts, last)


def _part(found: bytes) -> Part:
    tokens, unsure = found.split()
    return Part(float(tokens), int(unsure))


def model_of(model: Books, now: float) -> object:
    slots = {key: sorted(id_ for id_, until in each.items() if until > now) for key, each in model.slots.items()}
    return model.paces, model.trails, model.counts, slots, model.means, model.held, model.leases


@pytest.fixture
async def books(redis_url: str) -> AsyncIterator[LimitBooks]:
    redis = connect(SecretStr(redis_url))
    yield LimitBooks(redis)
    await redis.aclose()


def ask(id_: str, *limits: Limit, lease_s: float = 60.0) -> Ask:
    return Ask(id_, "k", 100, 0, 0, 0.0, lease_s, limits)


async def test_a_renewed_slot_is_kept_and_one_of_a_dead_worker_comes_back(books: LimitBooks) -> None:
    slots = Slots("slots", 2)
    assert [await books.reserve(ask(id_, slots, lease_s=0.01)) for id_ in "ab"] == [Granted(0.0, 100)] * 2
    await books.renew([("a", "slots")], lease_s=60.0)
    while isinstance(await books.reserve(ask("c", slots)), Denied):
        pass
    assert await books.reserve(ask("d", slots)) == Denied(0.1, "slots")
    assert await books.settle("a", "k", (slots,), Used()) == {}
    assert await books.reserve(ask("d", slots)) == Granted(0.0, 100)


async def test_what_nobody_settles_counts_as_estimated_and_is_forgotten(books: LimitBooks) -> None:
    day = Quota("tpd", Unit.TOKENS, 1000, DAY_S, TODAY)
    await books.reserve(ask("dead", day))
    await books.redis.zadd(books.key("leases"), {"dead": 0})
    assert [await books.lapse() for _ in range(2)] == [1, 0]
    assert 0 < await books.redis.ttl(books.key("held", "dead")) <= 60
    await books.redis.delete(books.key("held", "dead"))
    assert await books.settle("dead", "k", (day,), Used(0, 0)) == {}
    assert await books.peek([((day,), ())]) == [Wait(0.0)]
    said = await books.reserve(Ask("next", "k", 901, 0, 0, 0.0, 60.0, (day,)))
    assert said == Denied(TODAY[1] - books.now, "tpd", 901)


async def test_a_rolling_quota_is_back_part_by_part(books: LimitBooks) -> None:
    day = Quota("rpd", Unit.REQUESTS, 1, DAY_S)
    await books.reserve(ask("a", day))
    began = day.part(books.now)
    said = await books.reserve(ask("b", day))
    assert said == Denied(began + day.part_s + DAY_S - books.now, "rpd", 1)
    assert await books.peek([((day,), ())]) == [Wait(began + day.part_s + DAY_S - books.now, "rpd")]


async def test_a_pause_makes_everybody_wait_and_is_never_cut_short(books: LimitBooks) -> None:
    await books.pause("p", 30.0)
    await books.pause("p", 1.0)
    (wait,) = await books.peek([((), ("p",))])
    assert wait.key == "p"
    assert 29 < wait.wait_s <= 30


async def test_of_a_quota_that_fits_no_call_people_are_told_once(books: LimitBooks) -> None:
    day = Quota("usd/day@p", Unit.USD, 1000, DAY_S, TODAY)
    assert not await books.exhausted(day.key)  # of nothing, nothing is used up
    await books.reserve(Ask("a", "k", 100, 0, 0, 0.0, 60.0, (day,), (), 8.5))
    assert [await books.exhausted(day.key) for _ in range(2)] == [True, False]


async def test_what_is_left_may_be_too_little_for_any_call(books: LimitBooks) -> None:
    day = Quota("usd/day@p", Unit.USD, 1000, DAY_S, TODAY)
    await books.reserve(Ask("a", "k", 100, 0, 0, 0.0, 60.0, (day,), (), 8.5))
    assert await books.peek([((day,), ())], {"other": 200}) == [Wait(0.0)]
    (wait,) = await books.peek([((day,), ())], {day.key: 200})
    assert (wait.key, wait.wait_s) == (day.key, TODAY[1] - books.now)


@given(scripts())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_script_and_model_agree_after_every_step(redis_server_url: str, script: Sequence[object]) -> None:
    asyncio.run(run(redis_server_url, script))
