"""The price of a model, and what an answer costs by it. Pure."""

from dataclasses import dataclass

from ...tasks.answer import Usage


@dataclass(frozen=True, slots=True)
class Rate:
    """USD for a million tokens. steps: prompt tokens above which another rate is that of all tokens, rising."""

    usd_per_mtok: float
    steps: tuple[tuple[int, float], ...] = ()

    def for_prompt(self, tokens: int) -> float:
        """The rate of a call whose prompt has so many tokens."""
        reached = [rate for above, rate in self.steps if tokens > above]
        return reached[-1] if reached else self.usd_per_mtok


@dataclass(frozen=True, slots=True)
class Price:
    """The rates of a model. None is unknown, never free. version: whose price it is, and of when, for the ledger.

    cache_read, cache_write: where they are unknown, cached tokens count as any others: that is never too little for
    those read, and at most a quarter too little for those written. cache_write_1h: of tokens that are kept for an hour.
    Without it the cost of such a call is unknown: they cost twice the input (Anthropic), and not what others cost.
    """

    version: str
    input: Rate | None = None
    output: Rate | None = None
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    cache_write_1h: Rate | None = None

    def cost_usd(self, usage: Usage) -> float | None:
        """What an answer costs; None if a rate that it needs is unknown. An embedding needs no rate of the output.

        Tokens that the provider bills win over those that it counts: Cohere's own template, say, is free.
        """
        if self.input is None or (self.output is None and usage.output_tokens):
            return None
        read, written = usage.cached_read_tokens, usage.cache_write_tokens
        for_an_hour = min(usage.cache_write_1h_tokens, written)
        fresh = max(0, usage.input_tokens - read - written)
        if usage.billed_input_tokens is not None:
            fresh, read, written, for_an_hour = usage.billed_input_tokens, 0, 0, 0
        if for_an_hour and self.cache_write_1h is None and self.input.usd_per_mtok:
            return None
        billed = usage.billed_output_tokens
        shares = (
            (self.input, fresh),
            (self.cache_read or self.input, read),
            (self.cache_write or self.input, written - for_an_hour),
            (self.cache_write_1h or self.input, for_an_hour),
            (self.output or self.input, usage.output_tokens if billed is None else billed),
        )
        return sum(rate.for_prompt(usage.input_tokens) * tokens for rate, tokens in shares) / 1e6

    def over(self, other: "Price | None") -> "Price":
        """These rates where they are known, else the other's."""
        if other is None:
            return self
        return Price(
            version=self.version,
            input=self.input or other.input,
            output=self.output or other.output,
            cache_read=self.cache_read or (None if self.input else other.cache_read),
            cache_write=self.cache_write or (None if self.input else other.cache_write),
            cache_write_1h=self.cache_write_1h or (None if self.input else other.cache_write_1h),
        )
