"""How hard a prompt is for a model, from 1 to 10, by what can be read off its text. No model is asked.

`raw` is a probability: the share of a cheap model's first answers to such a prompt that would be wrong. Score 1 is
below 0.1, score 2 below 0.2 …, score 10 from 0.9. It comes from a logistic model over a few features that a person can
check; `fleet route explain` prints them.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .lanes import DEFAULT_TASK_TYPE, Band, band_of
from .source_shape import source_shape
from .tokens import estimate_tokens
from .vocabulary import group_sizes, unspaced_words, variables, words_of

#: Log-odds for one unit of each feature. Units are logarithms, log2(1 + n): the first branch says more than the tenth.
WEIGHTS: Mapping[str, float] = {
    # Fitted, and rounded: logistic regression with an L2 penalty on the first answers of six models from Claude 3 Haiku
    # and GPT-4o-mini to DeepSeek V3, for 421 LiveCodeBench problems (livecodebench.github.io, CC BY-SA 4.0). Area under
    # the ROC curve for "GPT-4o-mini is not always right", on problems not fitted on: 0.84 (5 folds, 20 times; prompt
    # length 0.69); 0.89 and 0.77 on the problems of one site when fitted on the other's (0.74 and 0.62); 0.80 on the
    # newer half when fitted on the older (0.61).
    "baseline": -4.5,
    "words": 0.35,  # different ones
    "variables": 0.2,  # names of one letter
    "magnitude": 0.4,  # the power of ten of the largest bound
    "operations": 0.25,  # from here to `engineering`: different words of a group of `vocabulary.py`
    "counting": 0.65,
    "structures": 0.3,
    "graphs": 0.3,
    "conditions": 0.2,
    "quantifiers": 0.3,
    "optimisation": 0.25,
    "processes": 0.1,
    # Judged, for those problems hold no code: so that a short function is simple, a long one moderate or complex, and
    # several modules very complex.
    "concurrency": 0.35,
    "io": 0.2,
    "engineering": 0.8,
    "functions": 0.1,
    "branches": 0.2,
    "nesting": 0.2,
    "recursion": 0.6,
    "files": 0.35,
    "length": 0.6,  # doublings beyond what is short
    "task": 1.0,  # `_TASK`
}

#: What a task asks beyond the text it is about, in log-odds; judged. Types that are not named ask what their text asks.
_TASK: Mapping[str, float] = {
    "refactoring": 0.6,
    "bug-detection": 0.4,
    "task-planning": 0.3,
    "analytical": 0.3,
    "documentation": -0.4,
    "memory-search": -0.6,
    "intent-analysis": -0.6,
}

#: Characters that are looked at: all of a shorter text, else so many of its beginning and of its end.
_HEAD, _TAIL = 6_000, 2_000

#: Tokens up to which a text counts as short.
_SHORT_TOKENS = 2_000

#: Numbers as bounds are written: 10^5, 10**9, 10<sup>5</sup>, 10⁵, 2e5, 200,000.
_BOUND = re.compile(
    r"([1-9]\d{0,2})(?:(?<=10)\s?(?:\^|\*\*|<sup>)\s?\{?(\d+)|((?:[,_]?000)+)\b|e\+?(\d\d?)\b|(?<=10)([⁰¹²³⁴-⁹]+))"
)
_EXPONENT = re.compile(r"e\+?\d")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_MIN_WRITTEN_OUT = 4
_MAX_POWER = 18


class Feature(NamedTuple):
    """One thing that was seen in a prompt. value: how much of it. weight: log-odds for one unit."""

    name: str
    value: float
    weight: float

    @property
    def contribution(self) -> float:
        """The log-odds it adds."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class Complexity:
    """How hard a prompt is.

    score: 1 to 10. raw: estimated share of a cheap model's first answers that are wrong, 0 to 1. features: what was
    seen; their contributions add up to the log-odds of raw.
    """

    score: int
    raw: float
    band: Band
    features: tuple[Feature, ...]


def score(text: str, *, task_type: str = DEFAULT_TASK_TYPE) -> Complexity:
    """How hard a prompt is, and why. `level` is the score alone."""
    features = tuple([Feature(name, value, WEIGHTS[name]) for name, value in _observe(text, task_type) if value])
    raw = _share(sum([feature.value * feature.weight for feature in features]))
    found = _level(raw)
    return Complexity(score=found, raw=raw, band=band_of(found), features=features)


def level(text: str, *, task_type: str = DEFAULT_TASK_TYPE) -> int:
    """The score of `score`, for submitting: each job is scored, and nobody looks at the features.

    Takes 25 to 30 µs for a kilobyte, and about 0.4 ms for a text of any length.
    """
    return _level(_share(sum([value * WEIGHTS[name] for name, value in _observe(text, task_type)])))


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def _level(raw: float) -> int:
    return min(10, 1 + int(raw * 10))


def _observe(text: str, task_type: str) -> list[tuple[str, float]]:
    """Every feature that is always looked at, and those of the vocabulary's groups that were seen."""
    sample = text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    words = words_of(sample)
    shape = source_shape(sample)
    # In code most words of the vocabulary are mere names.
    meant = 0.5 if shape.functions else 1.0
    log2 = math.log2
    seen = [
        ("baseline", 1.0),
        ("words", log2(1 + len(words) + unspaced_words(sample))),
        ("variables", log2(1 + variables(words))),
        ("magnitude", log2(1 + _magnitude(sample))),
    ]
    for group, size in group_sizes(words).items():
        seen.append((group, meant * log2(1 + size)))
    for name, size in zip(shape._fields, shape, strict=True):
        if size:
            seen.append((name, log2(1 + size)))
    seen.append(("length", _doublings(text, sample)))
    seen.append(("task", _TASK.get(task_type, 0.0)))
    return seen


def _magnitude(text: str) -> int:
    """The power of ten of the largest bound that is named, 0 to 18. Large inputs rule out the obvious answer."""
    # Each bound has one of these; most texts have none, and are spared the slow search.
    if not ("10" in text or "000" in text or _EXPONENT.search(text)):
        return 0
    return min(max((_power_of_ten(*found) for found in _BOUND.findall(text)), default=0), _MAX_POWER)


def _power_of_ten(leading: str, power: str, zeros: str, exponent: str, raised: str) -> int:
    """The power of one match of `_BOUND`. Smaller numbers that are written out are constants, not bounds."""
    if digits := power or exponent or raised.translate(_SUPERSCRIPT):
        return int(digits[:3])
    written_out = len(leading) - 1 + zeros.count("0")
    return written_out if written_out >= _MIN_WRITTEN_OUT else 0


def _doublings(text: str, sample: str) -> float:
    """How often a text doubles a short one, in tokens; the sample's density stands for the whole."""
    if len(text) < _SHORT_TOKENS:
        return 0.0
    tokens = estimate_tokens(sample) * len(text) / len(sample)
    return max(0.0, math.log2(tokens / _SHORT_TOKENS))
