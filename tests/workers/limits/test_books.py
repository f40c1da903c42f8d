"""The scripts do what their model says, step by step, on a real Redis."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from workfleet.routing.limits import Limit, Pace, Quota, Slots, Unit
from workfleet.routing.reservation import Ask, Books, Counted, Granted, Held, Mean, Used
from workfleet.tasks.connection import connect
from workfleet.workers.limits.books import LimitBooks

DAY_S = 86_400.0
NOW = time.time()

#: Calendar days in whose middle the test runs, and whose end it does not reach.
TODAY = (NOW - DAY_S / 2, NOW + DAY_S / 2, NOW + 1.5 * DAY_S)

LIMITS: tuple[Limit, ...] = (
    Pace("rpm", Unit.REQUESTS, 100, 60.0),
    Pace("tpm", Unit.TOKENS, 9_000, 60.0),
    Pace("slow", Unit.TOKENS, 500, 3_600.0),
    Quota("rpd", Unit.REQUESTS, 6, DAY_S, TODAY),
    Quota("tpd", Unit.TOKENS, 2_500, DAY_S),
    Quota("tpw", Unit.TOKENS, 2_500, 7 * DAY_S, TODAY),
    Slots("slots", 3),
)
KINDS = ("general|a/m", "code-review|a/m")


@st.composite
def asks(draw: st.DrawFn, limits: tuple[Limit, ...]) -> Ask:
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
    )


def uses() -> st.SearchStrategy[Used]:
    counts = st.none() | st.integers(0, 700)
    return st.builds(Used, requests=st.integers(0, 1), tokens=counts, answer_tokens=counts)


@st.composite
def scripts(draw: st.DrawFn) -> list[object]:
    """Some calls of one target and some of another; both share limits."""
    targets = [tuple(draw(st.lists(st.sampled_from(LIMITS), unique=True, min_size=1, max_size=3))) for _ in range(2)]
    ask, settle = asks(targets[0]) | asks(targets[1]), st.tuples(st.integers(0, 40).map(str), uses())
    pause = st.tuples(st.sampled_from("pq"), st.floats(0.5, 500.0))
    return draw(st.lists(st.one_of(ask, ask, ask, settle, settle, pause), min_size=5, max_size=60))


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
    paces = {key: float(await redis.get(books.key(key))) for key in model.paces}
    counts = dict[str, Counted]()
    for key in model.counts:
        raw = {field.decode(): float(value) for field, value in (await redis.hgetall(books.key(key))).items()}
        parts = {float(began): units for began, units in raw.items() if began not in ("told", "since")}
        counts[key] = Counted(parts, int(raw.get("told", 0)))
    slots = {
        key: [id_.decode() for id_ in await redis.zrangebyscore(books.key(key), books.now, "inf")]
        for key in model.slots
    }
    means = {
        kind.decode(): Mean(float(found.split()[0]), int(found.split()[1]))
        for kind, found in (await redis.hgetall(books.key("answers"))).items()
    }
    held = {id_.decode().rpartition(":")[2]: await redis.get(id_) for id_ in await redis.keys(books.key("held", "*"))}
    return (
        paces,
        counts,
        {key: sorted(ids) for key, ids in slots.items()},
        means,
        {k: _held(v) for k, v in held.items()},
    )


def _held(found: bytes) -> Held:
    at, begins, tokens, guessed = found.split()
    return Held(float(at), float(begins), int(tokens), guessed == b"1")


def model_of(model: Books, now: float) -> object:
    slots = {key: sorted(id_ for id_, until in each.items() if until > now) for key, each in model.slots.items()}
    return model.paces, model.counts, slots, model.means, model.held


@given(scripts())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_script_and_model_agree_after_every_step(redis_server_url: str, script: Sequence[object]) -> None:
    asyncio.run(run(redis_server_url, script))
