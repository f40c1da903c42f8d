import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.complexity import WEIGHTS, Feature, level, score
from workfleet.routing.lanes import TASK_TYPES, Band, band_of

ADD = "Write pytest tests for this function:\n\ndef add(a, b):\n    return a + b\n"

TEN_LINES = '''Write pytest tests for this function:

def parse_size(text):
    """Bytes of a size such as 10k or 3MB."""
    text = text.strip().lower()
    if not text:
        raise ValueError("empty size")
    for suffix, factor in (("kb", 1024), ("mb", 1024 ** 2), ("k", 1000)):
        if text.endswith(suffix):
            return int(text[:-len(suffix)]) * factor
    return int(text)
'''

CLIENT = """Review this class for bugs:

class Client:
    def __init__(self, base_url, timeout_s=10, retries=3):
        self._session = aiohttp.ClientSession(base_url, timeout=aiohttp.ClientTimeout(timeout_s))
        self._lock = asyncio.Lock()
        self._retries = retries
        self._token = None

    async def get(self, path, **params):
        for attempt in range(self._retries):
            try:
                async with self._session.get(path, params=params, headers=await self._headers()) as answer:
                    if answer.status == 401:
                        self._token = None
                        continue
                    if answer.status >= 500:
                        await asyncio.sleep(2**attempt)
                        continue
                    answer.raise_for_status()
                    return await answer.json()
            except aiohttp.ClientConnectionError:
                if attempt == self._retries - 1:
                    raise
        raise RuntimeError("no answer")

    async def _headers(self):
        async with self._lock:
            if self._token is None:
                self._token = await self._login()
        return {"Authorization": f"Bearer {self._token}"}
"""

DESIGN = """Design a distributed rate limiter on Redis that lets through at most 100 requests each minute for every
tenant, across 20 hosts. Consider clock skew, network partitions, retries and idempotent writes. Discuss the invariants
and any race that could violate the limit."""

TREE_QUERIES = r"""You are given a tree with N vertices and a sequence of N integers A_1, \ldots, A_N. Process Q
queries. In each query you are given u, v and x: replace A_w with A_w xor x for every vertex w on the path that
connects u and v, and print the maximum of A_w over all vertices w of the subtree of u, modulo 998244353.

Constraints: 1 \leq N, Q \leq 2 \times 10^5, 0 \leq A_i < 2^{30}, 1 \leq u, v \leq N."""

SUM_OF_DIGITS = (
    "Given a string s that consists of digits, print the sum of the digits. The length of s is between 1 and 100."
)


def module(functions: int, branches: int) -> str:
    """Source code of a size."""
    body = "".join(f"    if value > {i}:\n        value -= {i}\n" for i in range(branches))
    return "".join(f"def step_{n}(value):\n{body}    return value\n\n" for n in range(functions))


REFACTORING = "Refactor these modules; keep the interfaces backward compatible.\n\n# store.py\n" + module(12, 4) * 16


@pytest.mark.parametrize(
    ("prompt", "task_type", "band"),
    [
        ("", "general", Band.SIMPLE),
        ("hi", "general", Band.SIMPLE),
        ("What is the capital of France?", "general", Band.SIMPLE),
        ("请为这个函数编写单元测试", "test-generation", Band.SIMPLE),
        (ADD, "test-generation", Band.SIMPLE),
        (TEN_LINES, "test-generation", Band.SIMPLE),
        (SUM_OF_DIGITS, "general", Band.SIMPLE),
        (
            "Refactor the payment service into modules and migrate its database without downtime.",
            "refactoring",
            Band.MODERATE,
        ),
        (CLIENT, "code-review", Band.MODERATE),
        (DESIGN, "general", Band.COMPLEX),
        (TREE_QUERIES, "general", Band.VERY_COMPLEX),
        (REFACTORING, "refactoring", Band.VERY_COMPLEX),
    ],
    ids=[
        "nothing",
        "a greeting",
        "a question",
        "a sentence in Chinese",
        "tests for a one-liner",
        "tests for ten lines",
        "an easy contest problem",
        "a short but large order",
        "a review of an asynchronous class",
        "a design",
        "a hard contest problem",
        "a refactoring of much code",
    ],
)
def test_everyday_prompts_fall_into_sensible_bands(prompt: str, task_type: str, band: Band) -> None:
    assert score(prompt, task_type=task_type).band == band


def test_the_least_and_the_most_are_the_ends_of_the_scale() -> None:
    assert (score("hi").score, score(TREE_QUERIES * 3 + REFACTORING).score) == (1, 10)


@given(st.text(st.characters(exclude_categories=())), st.sampled_from([*TASK_TYPES, "of-their-own"]))
def test_any_text_has_a_score_whose_features_explain_it(text: str, task_type: str) -> None:
    found = score(text, task_type=task_type)
    log_odds = sum(feature.contribution for feature in found.features)
    assert 0 < found.raw < 1
    assert found.raw == pytest.approx(1 / (1 + math.exp(-log_odds)))
    assert found.score == min(10, int(found.raw * 10) + 1)
    assert found.band == band_of(found.score)
    assert found == score(text, task_type=task_type)


@given(st.text(st.characters(exclude_categories=())), st.sampled_from([*TASK_TYPES, "of-their-own"]))
def test_the_level_of_any_text_is_its_score(text: str, task_type: str) -> None:
    assert level(text, task_type=task_type) == score(text, task_type=task_type).score


@pytest.mark.parametrize("task_type", ["general", "refactoring", "documentation"])
@pytest.mark.parametrize("prompt", [ADD, TEN_LINES, CLIENT, DESIGN, TREE_QUERIES, SUM_OF_DIGITS, REFACTORING])
def test_the_level_of_real_prompts_is_their_score(prompt: str, task_type: str) -> None:
    for end in range(0, len(prompt), 1 + len(prompt) // 50):
        assert level(prompt[:end], task_type=task_type) == score(prompt[:end], task_type=task_type).score


def test_features_name_what_was_seen_with_its_weight() -> None:
    found = {feature.name: feature for feature in score("Choose a pair (x, y) with x <= 10^7.").features}
    assert found == {
        "baseline": Feature("baseline", 1.0, WEIGHTS["baseline"]),
        "words": Feature("words", math.log2(1 + 8), WEIGHTS["words"]),
        "variables": Feature("variables", math.log2(1 + 2), WEIGHTS["variables"]),
        "magnitude": Feature("magnitude", math.log2(1 + 7), WEIGHTS["magnitude"]),
        "operations": Feature("operations", 1.0, WEIGHTS["operations"]),
        "structures": Feature("structures", 1.0, WEIGHTS["structures"]),
    }


@pytest.mark.parametrize(
    ("written", "power"),
    [
        ("n is at most 10^5", 5),
        ("n is at most 10**9", 9),
        (r"n \leq 2 \times 10^{18}", 18),
        ("n is at most 10<sup>6</sup>", 6),
        ("n is at most 10⁵", 5),
        ("n is at most 10¹²", 12),
        ("n is at most 2e5", 5),
        ("n is at most 200,000", 5),
        ("n is at most 1000000000", 9),
        ("the larger of 10^4 and 10^9", 9),
        ("n is at most 10^100", 18),
        ("n is at most 10^" + "9" * 5000, 18),
        ("wait for 1000 ms", 0),
        ("at 2026-11-21 10:15 on port 6379", 0),
        ("it has no number", 0),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bound_counts_by_its_power_of_ten_however_it_is_written(written: str, power: int) -> None:
    values = {feature.name: feature.value for feature in score(written).features}
    assert values.get("magnitude", 0.0) == math.log2(1 + power)


@given(st.text(max_size=300))
def test_a_large_bound_never_makes_a_prompt_easier(text: str) -> None:
    assert score(text + "\n1 <= n <= 10^9").raw >= score(text).raw


def test_more_code_is_never_easier() -> None:
    by_branches = [score(module(1, branches)).raw for branches in range(40)]
    by_functions = [score(module(functions, 2)).raw for functions in range(1, 40)]
    assert by_branches == sorted(by_branches)
    assert by_functions == sorted(by_functions)


def test_refactoring_asks_more_than_the_same_code_documented() -> None:
    by_task = [score(TEN_LINES, task_type=task).raw for task in ("documentation", "code-review", "refactoring")]
    assert by_task == sorted(by_task)
    assert len(set(by_task)) == 3


def test_of_a_huge_text_the_beginning_the_end_and_the_length_count() -> None:
    middle = "choose a path in the graph " * 100_000
    assert (
        score(TREE_QUERIES + " " * 8_000 + middle + " " * 8_000 + ADD).score
        == score(TREE_QUERIES + " " * (16_000 + len(middle)) + ADD).score
    )
    lengths = [score("word " * count).raw for count in (2_000, 20_000, 200_000)]
    assert lengths == sorted(set(lengths))
