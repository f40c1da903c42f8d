"""What attempts come to, in Python and in the script that books them."""

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import Attempt
from workfleet.tasks.usage import BUCKETS, Row, Sums, bucket_of, grouped, row_of
from workfleet.tasks.usage_books import UsageBooks

from .stored import claimed, spec

TOKENS = st.integers(0, 10**7)
SECONDS = st.floats(0, 1500, allow_nan=False)

ATTEMPTS = st.builds(
    Attempt,
    number=st.just(1),
    epoch=st.just(1),
    target=st.sampled_from(["groq/llama", "ollama/qwen:7b", "vllm/org/model"]),
    outcome=st.sampled_from(["succeeded", "server", "bad_output", "cancelled"]),
    total_s=SECONDS,
    first_token_s=st.none() | SECONDS,
    queue_wait_s=st.none() | SECONDS,
    input_tokens=TOKENS,
    cached_read_tokens=TOKENS,
    cache_write_tokens=TOKENS,
    output_tokens=TOKENS,
    reasoning_tokens=TOKENS,
    cost_usd=st.none() | st.floats(0, 1000, allow_nan=False),
    cost_source=st.none() | st.sampled_from(["receipt", "table"]),
    fallback=st.booleans(),
)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.01, 0), (0.011, 1), (0.5, 6), (655.36, 16), (655.37, BUCKETS)],
    ids=["nothing", "on a bound", "just above", "half a second", "the last bound", "beyond"],
)
def test_a_bucket_has_what_is_at_most_its_bound(seconds: float, bucket: int) -> None:
    assert bucket_of(seconds) == bucket


def test_tokens_are_summed_in_disjoint_buckets() -> None:
    attempt = Attempt(
        number=1,
        epoch=1,
        target="anthropic/claude",
        outcome="succeeded",
        input_tokens=100,
        cached_read_tokens=60,
        cache_write_tokens=30,
        output_tokens=50,
        reasoning_tokens=20,
        cost_usd=0.0025,
        cost_source="table",
        total_s=2.0,
    )

    assert Sums.of(attempt) == Sums(
        calls=1,
        input_tokens=10,
        cached_read_tokens=60,
        cache_write_tokens=30,
        output_tokens=30,
        reasoning_tokens=20,
        nano_usd=2_500_000,
        total_ms=2000,
    )
    assert Sums.of(attempt).tokens == 150


def test_sums_are_grouped_by_any_of_their_names() -> None:
    one, two = Sums(calls=1, nano_usd=5), Sums(calls=2, unpriced=2)
    groq = Row("groq/llama", "general", "ann", "succeeded", "table")
    vllm = Row("vllm/qwen", "general", "ben", "succeeded", "unknown")
    days = {"2026-11-20": {groq: one}, "2026-11-21": {groq: one, vllm: two}}

    assert grouped(days, ["provider"]) == {("groq",): one + one, ("vllm",): two}
    assert grouped(days, ["day", "agent"]) == {
        ("2026-11-20", "ann"): one,
        ("2026-11-21", "ann"): one,
        ("2026-11-21", "ben"): two,
    }


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(attempts=st.lists(ATTEMPTS, min_size=1, max_size=6, unique_by=Attempt.model_dump_json))
async def test_redis_sums_what_the_model_sums(redis_url: str, attempts: list[Attempt]) -> None:
    async with AsyncClient(redis_url) as client:
        await client.redis.flushall()
        mine = await claimed(client.store, await client.submit(spec(agent="ann")))
        for attempt in attempts:
            await client.store.put_back(mine.job, "general.simple", attempt=attempt)
        books = UsageBooks(client.redis)
        today = await books.today()
        found = await books.days(today, today)
        totals = await books.totals()

    expected: dict[Row, Sums] = {}
    for attempt in attempts:
        row = row_of(attempt, task_type="general", agent="ann")
        expected[row] = expected.get(row, Sums()) + Sums.of(attempt)
    assert found == {today.isoformat(): expected}
    assert grouped({"": totals.table}, ["model", "outcome", "source"]) == grouped(found, ["model", "outcome", "source"])
    slow = sorted(bucket_of(attempt.total_s) for attempt in attempts)
    first = sorted(bucket_of(each.first_token_s) for each in attempts if each.first_token_s is not None)
    assert _buckets(each.counts for each in totals.total.values()) == slow
    assert _buckets(each.counts for each in totals.first_token.values()) == first


def _buckets(histograms: Iterable[list[int]]) -> list[int]:
    return sorted(bucket for counts in histograms for bucket, count in enumerate(counts) for _ in range(count))
