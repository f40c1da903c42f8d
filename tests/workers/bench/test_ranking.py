import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.workers.bench.ranking import auroc, ranks, spearman

#: Halves, quarters …: few values, so that ties are common.
coarse = st.integers(0, 5).map(lambda value: value / 4)


@pytest.mark.parametrize(
    ("scores", "positive", "area"),
    [
        ([1, 2, 3, 4], [False, False, True, True], 1.0),
        ([4, 3, 2, 1], [False, False, True, True], 0.0),
        ([1, 1, 1, 1], [False, False, True, True], 0.5),
        ([1, 2, 2, 3], [False, False, True, True], 0.875),
        ([0.1, 0.4, 0.35, 0.8], [False, False, True, True], 0.75),
    ],
    ids=["perfect", "inverted", "all tied", "one tie counts half", "the textbook's"],
)
def test_the_area_is_the_share_of_pairs_in_the_right_order(
    scores: list[float], positive: list[bool], area: float
) -> None:
    assert auroc(scores, positive) == area


@given(st.lists(st.tuples(coarse, st.booleans()), min_size=2).filter(lambda rows: len({row[1] for row in rows}) == 2))
def test_the_area_is_that_of_counting_every_pair(rows: list[tuple[float, bool]]) -> None:
    positives = [value for value, is_positive in rows if is_positive]
    negatives = [value for value, is_positive in rows if not is_positive]
    won = sum((above > below) + (above == below) / 2 for above in positives for below in negatives)
    found = auroc([value for value, _ in rows], [is_positive for _, is_positive in rows])
    assert found == pytest.approx(won / (len(positives) * len(negatives)))


@pytest.mark.parametrize("positive", [[True, True], [False, False], []], ids=["no negative", "no positive", "nothing"])
def test_one_class_alone_has_no_area(positive: list[bool]) -> None:
    with pytest.raises(ValueError, match="needs positives and negatives"):
        auroc([1.0] * len(positive), positive)


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert ranks([30, 10, 20, 20]) == [4, 1, 2.5, 2.5]


@pytest.mark.parametrize(
    ("xs", "ys", "correlation"),
    [
        ([1, 2, 3], [10, 100, 1000], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3, 4], [2, 1, 4, 3], 0.6),
        ([1, 1, 2, 2], [1, 2, 1, 2], 0.0),
        ([1, 2, 3], [5, 5, 5], 0.0),
    ],
    ids=["same order", "opposite order", "two swaps", "unrelated", "one never changes"],
)
def test_rank_correlation_looks_at_the_order_only(xs: list[float], ys: list[float], correlation: float) -> None:
    assert spearman(xs, ys) == pytest.approx(correlation)
