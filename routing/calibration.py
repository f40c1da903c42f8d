"""How our estimates of prompts compare with what providers count, learned from their counts. Pure.

A vocabulary scales a whole text; what a provider adds (its format, prompts of its own, descriptions of tools) weighs
most in small prompts. So each model has a factor for each shape of prompt: the median of the last counts, each divided
by its estimate. Up to half of them may be of something else (pages that a provider's own tool read, a cached prompt
that was not counted) before the median is.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median_low

#: Calls that are remembered, and from how many on they are believed.
REMEMBERED, ENOUGH = 31, 5
#: A factor beyond these is none of a vocabulary, and is believed only so far.
LOWEST, HIGHEST = 0.25, 8.0
#: A ratio of 1, as it is kept.
_ONE = 1000
#: A prompt is small or middling below so many estimated tokens.
_SMALL, _MIDDLING = 100, 1000
_SEPARATOR = "\x1f"
#: Buckets of errors are 2% wide; what is further off than 2,600 times is as far off as that.
_STEP = math.log(1.02)
_LAST = 400


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """What has a factor of its own. target: `provider/model`. shape: of its prompts, as in `small`, `large, tools`."""

    target: str
    shape: str

    @classmethod
    def of(cls, target: str, tokens: int, *, tools: bool) -> "Kind":
        """tokens: estimated."""
        size = "small" if tokens < _SMALL else "middling" if tokens < _MIDDLING else "large"
        return cls(target, f"{size}, tools" if tools else size)

    @classmethod
    def parse(cls, text: str) -> "Kind":
        target, _, shape = text.rpartition(_SEPARATOR)
        return cls(target, shape)

    def __str__(self) -> str:
        return f"{self.target}{_SEPARATOR}{self.shape}"


def ratio(counted: int, estimated: int) -> int:
    """As it is remembered, in thousandths. Both are at least 1."""
    return round(_ONE * counted / estimated)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one kind. ratios: counts by their estimates, in thousandths, of the last calls, the oldest first."""

    ratios: tuple[int, ...] = ()

    def with_calls(self, ratios: Iterable[int]) -> "Calibration":
        return Calibration((*self.ratios, *ratios)[-REMEMBERED:])

    @property
    def known(self) -> bool:
        """Whether there are enough of them to be believed."""
        return len(self.ratios) >= ENOUGH

    @property
    def factor(self) -> float:
        """What to multiply an estimate by; 1 until enough is known."""
        if not self.known:
            return 1.0
        return min(max(median_low(self.ratios) / _ONE, LOWEST), HIGHEST)


def raised(known: Mapping[Kind, Calibration], tokens: int, *, tools: bool) -> dict[str, float]:
    """The targets that count more of prompts like this one than we estimate, and how many times as many."""
    shape = Kind.of("", tokens, tools=tools).shape
    factors = ((kind.target, found.factor) for kind, found in known.items() if kind.shape == shape)
    return {target: factor for target, factor in factors if factor > 1}


@dataclass(frozen=True, slots=True)
class Estimated:
    """A prompt's tokens. raw: by its text. tokens: by what the kind's counts were lately. kind: None if nothing is
    learned of such prompts.
    """

    kind: Kind | None
    raw: int
    tokens: int

    @property
    def most(self) -> int:
        """For what must not be too low. A factor may be of other prompts than this one: it raises, it never lowers."""
        return max(self.raw, self.tokens)


def estimated(kind: Kind, raw: int, calibration: Calibration | None) -> Estimated:
    return Estimated(kind, raw, max(1, round(raw * calibration.factor)) if calibration is not None and raw else raw)


def bucket_of(estimate: int, counted: int) -> int:
    """The number of the bucket of an error; 0 is none. Both are at least 1."""
    return max(-_LAST, min(_LAST, round(math.log(estimate / counted) / _STEP)))


def error_of(bucket: int) -> float:
    """How far off the estimates of a bucket are, as a share of the count; below 0 they are too low."""
    return math.exp(bucket * _STEP) - 1


@dataclass(frozen=True, slots=True)
class Errors:
    """How far off estimates were. counts: bucket -> calls."""

    counts: Mapping[int, int] = field(default_factory=dict[int, int])

    def __add__(self, other: "Errors") -> "Errors":
        buckets = self.counts.keys() | other.counts.keys()
        return Errors({each: self.counts.get(each, 0) + other.counts.get(each, 0) for each in buckets})

    @property
    def calls(self) -> int:
        return sum(self.counts.values())

    @property
    def mean(self) -> float | None:
        """Of the errors' sizes, None without calls."""
        sizes = sum(abs(error_of(bucket)) * calls for bucket, calls in self.counts.items())
        return sizes / self.calls if self.calls else None

    @property
    def bias(self) -> float | None:
        """The mean error with its sign: below 0, estimates are too low on the whole. None without calls."""
        signed = sum(error_of(bucket) * calls for bucket, calls in self.counts.items())
        return signed / self.calls if self.calls else None

    def quantile(self, share: float) -> float | None:
        """The size of error that so large a share of the calls does not exceed, None without calls."""
        left = math.ceil(share * self.calls)
        for size, calls in sorted((abs(error_of(bucket)), calls) for bucket, calls in self.counts.items()):
            left -= calls
            if left <= 0:
                return size
        return None
