"""How well one order predicts another: two rank statistics, exact and with ties."""

from collections.abc import Sequence
from math import sqrt


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """The area under the ROC curve: how often a positive has a higher score than a negative, ties counting half.

    The Mann-Whitney statistic, over the number of pairs. Raises ValueError without positives or without negatives.
    """
    positives = sum(positive)
    pairs = positives * (len(positive) - positives)
    if not pairs:
        raise ValueError("the area under the ROC curve needs positives and negatives")
    rank_sum = sum(rank for rank, is_positive in zip(ranks(scores), positive, strict=True) if is_positive)
    return (rank_sum - positives * (positives + 1) / 2) / pairs


def spearman(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Spearman's rank correlation, -1 to 1: Pearson's, of the ranks. 0 if one of the two never changes."""
    mean = (len(xs) + 1) / 2
    dx = [rank - mean for rank in ranks(xs)]
    dy = [rank - mean for rank in ranks(ys)]
    spread = sqrt(sum(x * x for x in dx) * sum(y * y for y in dy))
    return sum(x * y for x, y in zip(dx, dy, strict=True)) / spread if spread else 0.0


def ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, from 1; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            found[place] = (start + 1 + end) / 2
        start = end
    return found
