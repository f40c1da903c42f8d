"""Requests of skewed sizes, the same ones each time: most are short, a few are long."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from ...tasks.request import Message, Request
from .prompts import messages, prompts

#: Tokens of a prompt: the median, how skewed (sigma of the logarithm), the most. Of an answer, as the simulator has it.
MEDIAN_PROMPT: Final = 50
_SKEW: Final = 0.9
_LONGEST_PROMPT: Final = 1500
ANSWERS: Final = "lognormal:60,0.6"
MOST_ANSWER: Final = 512
_CHARACTERS_PER_TOKEN: Final = 4


def bodies(count: int, *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Bodies of chat requests; the model is not named."""
    rng = Random(seed)  # noqa: S311 - repeatable on purpose
    text = "\n\n".join(prompts(12))
    for _ in range(count):
        tokens = min(MEDIAN_PROMPT * rng.lognormvariate(0, _SKEW), _LONGEST_PROMPT)
        start = rng.randrange(len(text) // 2)
        yield {
            "messages": messages(text[start : start + int(tokens) * _CHARACTERS_PER_TOKEN])[1:],
            "max_tokens": MOST_ANSWER,
        }


def requests(count: int, *, seed: int = 0) -> Iterator[Request]:
    for body in bodies(count, seed=seed):
        yield Request(messages=tuple(map(Message.model_validate, body["messages"])), max_tokens=MOST_ANSWER)
