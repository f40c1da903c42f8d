"""A job that streams is limited, billed and broken like any other; what it says on the way is all that differs."""

import json
from typing import Any

import httpx2
import pytest

from workfleet.tasks.job import JobSpec, JobState
from workfleet.tasks.request import Request
from workfleet.tasks.stream import PieceKind
from workfleet.workers.limits.books import LimitBooks
from workfleet.workers.limits.standing import standings

from ..pools import Fleet, Server, fails, fleet, hosted, provider, says

LIMITED = {"limits": {"requests_per_day": 100, "tokens_per_day": 100_000, "resets": "UTC"}}
EITHER = pytest.mark.parametrize("stream", [False, True], ids=["in one piece", "streamed"])


def sse(*chunks: dict[str, Any], end: str = "data: [DONE]\n\n") -> httpx2.Response:
    lines = [f"data: {json.dumps({'id': 'r-1', 'model': 'm', **chunk})}\n\n" for chunk in chunks]
    return httpx2.Response(200, content="".join([*lines, end]), headers={"content-type": "text/event-stream"})


def words(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}]}


HALF = httpx2.Response(
    200, content=json.dumps({"choices": [{"index": 0, "message": {"content": "o\ud83d"}, "finish_reason": "stop"}]})
)
COUNTED: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}
SPOKEN = sse(words("o"), words("k", "stop"), COUNTED)


def answering(server: Server, *, stream: bool) -> None:
    server.will(SPOKEN if stream else says("ok"))


async def used(pools: Fleet, name: str) -> dict[str, float]:
    settings = pools.pools[name].upstream.provider
    return {each.of: each.used for each in await standings(LimitBooks(pools.client.redis), [settings])}


@EITHER
async def test_it_counts_against_limits_and_is_billed(redis_url: str, stream: bool) -> None:
    async with fleet(redis_url, hosted("one", **LIMITED)) as pools:
        answering(pools.servers["one"], stream=stream)
        job_id = await pools.submit(stream=stream)
        await pools.deliver(job_id, "one")
        (attempt,) = await pools.client.attempts(job_id)
        found = await used(pools, "one")

    assert (found["requests a day"], found["tokens a day"]) == (1, 15)
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost_source) == (10, 5, "table")
    assert attempt.cost_usd == pytest.approx(10e-6 + 2 * 5e-6)
    assert (attempt.first_token_s is not None) is stream


@EITHER
async def test_it_trips_the_breaker_of_its_target(redis_url: str, stream: bool) -> None:
    async with fleet(redis_url, provider("one"), provider("two")) as pools:
        # A stream that ends without its terminal marker failed after it began.
        pools.servers["one"].will(sse(words("o"), end="") if stream else fails(500))
        answering(pools.servers["two"], stream=stream)
        ways = [await pools.follow(await pools.submit(stream=stream), first="one") for _ in range(3)]
        assert pools.pools["one"].upstream.why_not() == "its breaker is open"

    assert ways == [["one", "one", "two"], ["one", "two"], ["one", "two"]]
    assert len(pools.servers["one"].asked) == 3


async def test_what_a_failed_attempt_said_is_voided_before_the_next_one_speaks(redis_url: str) -> None:
    async with fleet(redis_url, provider("one"), provider("two")) as pools:
        pools.servers["one"].will(sse(words("wro"), end=""))
        pools.servers["two"].will(SPOKEN)
        job_id = await pools.submit(stream=True)
        await pools.follow(job_id, first="one")
        pieces = [piece async for piece in pools.client.stream(job_id)]
        state = (await pools.client.job(job_id)).state

    assert state is JobState.SUCCEEDED
    assert [(piece.kind, piece.text, piece.attempt) for piece in pieces] == [
        (PieceKind.TEXT, "wro", 1),
        (PieceKind.RESET, "", 2),
        (PieceKind.TEXT, "wro", 2),
        (PieceKind.RESET, "", 3),
        (PieceKind.TEXT, "ok", 3),
        (PieceKind.END, "", 0),
    ]


@EITHER
async def test_an_answer_with_half_a_character_is_bought_once(redis_url: str, stream: bool) -> None:
    async with fleet(redis_url, provider("one")) as pools:
        pools.servers["one"].will(sse(words("o\ud83d"), words("\ude00k\ud83d", "stop")) if stream else HALF)
        request = Request.from_prompt("Hi", keep_body=True)
        job_id = await pools.client.submit(JobSpec(request=request, stream=stream))
        await pools.deliver(job_id, "one")
        answer = await pools.client.result(job_id, timeout_s=5)
        said = "".join([piece.text async for piece in pools.client.stream(job_id)])

    assert answer.text == ("o😀k\ufffd" if stream else "o\ufffd")
    assert said == ("o😀k" if stream else "")
    assert pools.servers["one"].asked == ["m"]


@EITHER
async def test_a_second_submission_with_its_key_buys_nothing(redis_url: str, stream: bool) -> None:
    async with fleet(redis_url, provider("one")) as pools:
        answering(pools.servers["one"], stream=stream)
        first = await pools.submit(stream=stream, idempotency_key="k")
        await pools.deliver(first, "one")
        again = await pools.submit(stream=stream, idempotency_key="k")
        said = "".join([piece.text async for piece in pools.client.stream(again)])

    assert (again, pools.servers["one"].asked) == (first, ["m"])
    assert said == ("ok" if stream else "")
