"""Ordinary sentences of any length."""

from bisect import bisect_left
from functools import cache
from itertools import accumulate
from random import Random

from .. import tokens

_SENTENCES = (
    "A queue that nobody measures grows until somebody notices. ",
    "The second reader of this code is usually its author, six months later. ",
    "Start with the smallest input that shows the behaviour, then remove half of it. ",
    "Retries help when the cause passes by itself; otherwise they only make it louder. ",
    "Name the unit in the variable, and a whole class of mistakes disappears. ",
    "A timeout is a promise to the caller; keep it even when the callee does not. ",
    "Caches are easy to add and hard to empty at the right moment. ",
    "If two lists must agree, write the test that compares them. ",
    "The happy path fits on one screen; the rest of the file is about reality. ",
    "Every boundary needs one place where foreign errors become our own. ",
    "Latency at the median is a story about the code, latency at the 99th percentile about the queue. ",
    "An error message should say what to do next, not only what went wrong. ",
    "The naïve version was fast enough for everyone but the benchmark. ",
    "State that can be derived should be derived, unless deriving it costs more than being wrong. ",
    "Two small functions with honest names beat one with a comment. ",
    "A lock that is held across a network call is a lock that is held for ever. ",
    "Measure first; intuition about performance is a coin with two wrong sides. ",
    "Idempotency is what makes the second delivery boring. ",
    "Tests that sleep are tests that lie, only slowly. ",
    "A good default is the one nobody has to look up. ",
    "Backpressure that is not visible is just a longer queue. ",
    "The budget was 5 € a day, and the loop did not know. ",
    "Delete the flag once both branches are the same. ",
    "What is not in the log did not happen, at least not at three in the morning. ",
)

_COPIES = 4_000


@cache
def _corpus() -> tuple[str, tuple[int, ...]]:
    """A long text, and where each of its sentences ends."""
    chosen = Random(2026).choices(_SENTENCES, k=_COPIES)  # noqa: S311 - the same text each time is what is wanted
    return "".join(chosen), tuple(accumulate(map(len, chosen)))


def passage(rng: Random, length: int) -> str:
    """Whole sentences of about `length` tokens, at least one sentence."""
    text, ends = _corpus()
    first = rng.randrange(len(ends))
    start = ends[first - 1] if first else 0
    wanted = start + length * tokens.CHARACTERS_PER_TOKEN
    if wanted > len(text):
        copies = wanted // len(text) + 1
        return tokens.cut(text * copies, length).strip()
    return text[start : ends[bisect_left(ends, max(wanted, start + 1))]].rstrip()
