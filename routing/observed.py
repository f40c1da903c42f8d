"""What a target has shown lately: how fast it answers, how often it fails, and what an accepted answer costs."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

#: What one more call counts in a mean. The last few dozen decide.
_WEIGHT = 0.05


class Observed(BaseModel):
    """Of one target. calls: in all. failing: share of the last ones that failed.

    total_s, first_token_s: mean seconds of
    an answer. cost_usd: mean of an answer. rejected: share of answers that a judge turned down. None is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    calls: int = 0
    failing: float = 0.0
    total_s: float | None = None
    first_token_s: float | None = None
    cost_usd: float | None = None
    rejected: float = 0.0

    @property
    def cost_per_accepted_usd(self) -> float | None:
        """What an accepted answer costs, with the rejected ones that were paid for too."""
        return None if self.cost_usd is None else self.cost_usd / max(1.0 - self.rejected, 0.01)

    def answered(self, *, total_s: float, first_token_s: float | None, cost_usd: float | None) -> "Observed":
        return self.model_copy(
            update={
                "calls": self.calls + 1,
                "failing": self._mean(self.failing, 0.0),
                "total_s": self._mean(self.total_s, total_s),
                "first_token_s": self._mean(self.first_token_s, first_token_s),
                "cost_usd": self._mean(self.cost_usd, cost_usd),
                "rejected": self._mean(self.rejected, 0.0),
            }
        )

    def failed(self) -> "Observed":
        return self.model_copy(update={"calls": self.calls + 1, "failing": self._mean(self.failing, 1.0) or 0.0})

    def turned_down(self) -> "Observed":
        """The judge rejected the last answer, which `answered` has counted as good."""
        return self.model_copy(update={"rejected": min(1.0, self.rejected + self._weight())})

    def _weight(self) -> float:
        return max(_WEIGHT, 1.0 / max(self.calls, 1))

    def _mean(self, before: float | None, value: float | None) -> float | None:
        if value is None or before is None:
            return before if value is None else value
        weight = max(_WEIGHT, 1.0 / (self.calls + 1))
        return before + weight * (value - before)


def together(all_of: Iterable[Observed]) -> Observed:
    """What several nodes have seen of one target, by their calls; at most so many of each count."""
    seen = [each for each in all_of if each.calls]
    weights = [min(each.calls, 1.0 / _WEIGHT) for each in seen]

    def mean(values: list[float | None]) -> float | None:
        known = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
        return sum(value * weight for value, weight in known) / sum(weight for _, weight in known) if known else None

    return Observed(
        calls=sum(each.calls for each in seen),
        failing=mean([each.failing for each in seen]) or 0.0,
        total_s=mean([each.total_s for each in seen]),
        first_token_s=mean([each.first_token_s for each in seen]),
        cost_usd=mean([each.cost_usd for each in seen]),
        rejected=mean([each.rejected for each in seen]) or 0.0,
    )
