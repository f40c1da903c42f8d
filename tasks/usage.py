"""What attempts came to: calls, tokens, money and times, summed over whatever one asks for. Pure.

Redis sums as each attempt is booked (`count_attempt` in scripts/ledger.lua), in the same step, so that an attempt
counts once. `Sums.of` is that script's model.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Literal, Self

from .job import WORKER_DIED, Attempt

#: Buckets of a histogram of times, the last up to 0.01 s · 2^16, eleven minutes; what takes longer is one bucket more.
BUCKETS = 17
BUCKET_BOUNDS_S = tuple(0.01 * 2**step for step in range(BUCKETS))

#: Stands for whatever is beyond the number of rows that are kept apart (`rows_kept` in scripts/ledger.lua).
OTHERS = "(others)"

By = Literal["provider", "model", "task", "agent", "day", "outcome", "source"]


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """What is summed apart. target: `provider/model`, '' of an attempt that its worker had not made when it died.

    source: where the cost is from (`receipt`, `table`, `estimate`, `local`), `unknown` without a price, `unseen` of a
    call that was sent and of which no answer came, '' if nothing was bought.
    """

    target: str
    task_type: str
    agent: str
    outcome: str
    source: str

    @property
    def provider(self) -> str:
        return self.target.partition("/")[0]

    @property
    def model(self) -> str:
        return self.target.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Sums:
    """The tokens are in disjoint buckets: input_tokens without what was read from or written to a cache, output_tokens
    without the reasoning. Money in nano-dollars, times in milliseconds. The order of the fields is that in Redis.

    first_tokens, waits: attempts that have a time to the first token, or a wait in a queue. fallbacks: attempts of jobs
    that another target had failed. unpriced: attempts whose cost nobody knows; presumed_nano_usd: what budgets and caps
    take those of them to have cost whose bill nobody has seen.
    """

    calls: int = 0
    input_tokens: int = 0
    cached_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    nano_usd: int = 0
    unpriced: int = 0
    total_ms: int = 0
    first_token_ms: int = 0
    first_tokens: int = 0
    queue_wait_ms: int = 0
    waits: int = 0
    fallbacks: int = 0
    presumed_nano_usd: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """One attempt's part of them."""
        return cls(
            calls=1,
            input_tokens=attempt.uncached_tokens,
            cached_read_tokens=attempt.cached_read_tokens,
            cache_write_tokens=attempt.cache_write_tokens,
            output_tokens=attempt.visible_tokens,
            reasoning_tokens=attempt.reasoning_tokens,
            nano_usd=math.floor((attempt.cost_usd or 0.0) * 1e9 + 0.5),
            unpriced=int(attempt.bought and attempt.cost_usd is None),
            total_ms=_ms(attempt.total_s),
            first_token_ms=_ms(attempt.first_token_s or 0.0),
            first_tokens=int(attempt.first_token_s is not None),
            queue_wait_ms=_ms(attempt.queue_wait_s or 0.0),
            waits=int(attempt.queue_wait_s is not None),
            fallbacks=int(attempt.fallback),
            presumed_nano_usd=math.floor((attempt.presumed_usd or 0.0) * 1e9 + 0.5),
        )

    @property
    def tokens(self) -> int:
        kinds = (self.cached_read_tokens, self.cache_write_tokens, self.output_tokens, self.reasoning_tokens)
        return self.input_tokens + sum(kinds)

    @property
    def cost_usd(self) -> float | None:
        """What is known of it; None if nothing is."""
        return None if self.unpriced and not self.nano_usd else self.nano_usd / 1e9

    @property
    def presumed_usd(self) -> float:
        """What the calls whose bill nobody has seen are taken to have cost."""
        return self.presumed_nano_usd / 1e9

    @property
    def fallback_rate(self) -> float | None:
        """Share of the calls that another target's failure made necessary; None without calls."""
        return self.fallbacks / self.calls if self.calls else None

    @property
    def mean_total_s(self) -> float | None:
        return _mean_s(self.total_ms, self.calls)

    @property
    def mean_first_token_s(self) -> float | None:
        return _mean_s(self.first_token_ms, self.first_tokens)

    @property
    def mean_queue_wait_s(self) -> float | None:
        return _mean_s(self.queue_wait_ms, self.waits)


_NAMES = tuple(field.name for field in fields(Sums))

Table = Mapping[Row, Sums]


def row_of(attempt: Attempt, *, task_type: str, agent: str) -> Row:
    bought = attempt.cost_source or "unknown"
    return Row(attempt.served_by, task_type, agent, attempt.outcome, bought if attempt.bought else "")


def bucket_of(seconds: float) -> int:
    """Number of the histogram's bucket; BUCKETS for what is longer than all of them."""
    return next((step for step, bound in enumerate(BUCKET_BOUNDS_S) if seconds <= bound), BUCKETS)


def grouped(days: Mapping[str, Table], by: Iterable[By]) -> dict[tuple[str, ...], Sums]:
    """Sums by one or several of the names, in the order of the names' values. days: YYYY-MM-DD -> table."""
    chosen = [_OF[name] for name in by]
    found: dict[tuple[str, ...], Sums] = {}
    for day, table in days.items():
        for row, sums in table.items():
            key = tuple(of(day, row) for of in chosen)
            found[key] = found.get(key, Sums()) + sums
    return dict(sorted(found.items()))


#: Instead of a target, of attempts that nobody could tell of.
_LOST = f"({WORKER_DIED})"

_OF: Mapping[By, Callable[[str, Row], str]] = {
    "provider": lambda _, row: row.provider or _LOST,
    "model": lambda _, row: row.target or _LOST,
    "task": lambda _, row: row.task_type,
    "agent": lambda _, row: row.agent,
    "day": lambda day, _: day,
    "outcome": lambda _, row: row.outcome,
    "source": lambda _, row: row.source or "nothing bought",
}


def _ms(seconds: float) -> int:
    return math.floor(seconds * 1000 + 0.5)


def _mean_s(total_ms: int, count: int) -> float | None:
    return total_ms / 1000 / count if count else None
