"""How recovery is measured."""

import pytest

from .recovery import Orphan, Recovery, quantile, recovery, until_called
from .visits import Visit


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([1.0], 0.95, 1.0), ([1.0, 2.0], 0.5, 1.0), ([1.0, 2.0, 3.0], 0.5, 2.0), (list(range(1, 101)), 0.95, 95)],
    ids=["one", "half of two", "half of three", "95 of a hundred"],
)
def test_a_quantile_is_the_smallest_value_that_enough_do_not_exceed(
    values: list[float], share: float, expected: float
) -> None:
    assert quantile(values, share) == expected


def test_nobody_to_recover_is_no_time() -> None:
    assert recovery([]) == Recovery(0, 0.0, 0.0, 0.0)


def test_the_next_call_for_a_job_ends_the_wait_and_a_job_without_one_does_not_count() -> None:
    def visit(job: str, began: float) -> Visit:
        return Visit(job, "alpha@1", began, began + 1, complete=True, answer="a")

    orphans = [Orphan("one", "alpha@1", at=10.0), Orphan("cancelled", "alpha@1", at=10.0)]
    visits = [visit("one", 9.0), visit("one", 16.0), visit("one", 20.0), visit("cancelled", 9.5)]
    assert until_called(orphans, visits) == [6.0]
