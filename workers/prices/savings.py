"""What calls have cost beside what one model would have charged for the same answers. Pure.

It is charged for the tokens of the answers that were good, as if it had needed no other try, and as many of them; what
every try has cost stands against that. Its own tokenizer and its own length of answers nobody knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...tasks.answer import Usage
from ...tasks.usage import By, Sums, Table, grouped
from .price import Price, Rate


@dataclass(frozen=True, slots=True)
class Saving:
    """names: one for each of what it is asked by. paid_usd: what budgets count, too, for calls whose bill nobody has
    seen; None if an answer's price is unknown.
    """

    names: tuple[str, ...]
    calls: int
    paid_usd: float | None
    baseline_usd: float

    @property
    def saved(self) -> float | None:
        """A share of the baseline, below 0 if it would have been cheaper; None if that is not known."""
        if self.paid_usd is None or not self.baseline_usd:
            return None
        return 1 - self.paid_usd / self.baseline_usd


def savings(days: Mapping[str, Table], by: Sequence[By], baseline: Price) -> list[Saving]:
    """days: YYYY-MM-DD -> table, as UsageBooks.days has them. baseline: with an input and an output."""
    answered = {
        day: {row: sums for row, sums in table.items() if _is_good(row.outcome, sums)} for day, table in days.items()
    }
    good = grouped(answered, by)
    unknown = {names for names, sums in grouped(_unpriced(days), by).items() if sums.unpriced}
    return [
        Saving(
            names,
            sums.calls,
            None if names in unknown else sums.nano_usd / 1e9 + sums.presumed_usd,
            charged(baseline, good.get(names, Sums())),
        )
        for names, sums in grouped(days, by).items()
    ]


def together(found: Sequence[Saving]) -> Saving:
    """Of those whose cost is known."""
    known = [each for each in found if each.paid_usd is not None]
    paid = sum(each.paid_usd or 0.0 for each in known)
    return Saving((), sum(each.calls for each in known), paid, sum(each.baseline_usd for each in known))


def charged(price: Price, sums: Sums) -> float:
    """What tokens of several calls cost; the mean prompt decides where long ones cost more."""
    read, written = sums.cached_read_tokens, sums.cache_write_tokens
    asked = sums.input_tokens + read + written
    usage = Usage(
        input_tokens=asked,
        cached_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=sums.output_tokens + sums.reasoning_tokens,
    )
    mean = asked // max(1, sums.calls)
    rates = (price.input, price.output, price.cache_read, price.cache_write)
    return Price(price.version, *(rate and Rate(rate.for_prompt(mean)) for rate in rates)).cost_usd(usage) or 0.0


def _is_good(outcome: str, sums: Sums) -> bool:
    """An answer in words; embeddings are another model's work."""
    return outcome == "succeeded" and sums.output_tokens + sums.reasoning_tokens > 0


def _unpriced(days: Mapping[str, Table]) -> dict[str, Table]:
    """Answers whose price nobody knows: what they cost cannot even be presumed."""
    return {day: {row: sums for row, sums in table.items() if row.source == "unknown"} for day, table in days.items()}
