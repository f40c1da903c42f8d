"""When a quota is as good as used up."""

from workfleet.routing.limits import Quota, Unit
from workfleet.routing.reservation import Denied
from workfleet.workers.limits.misfits import Misfits

DAY = Quota("usd/day@p", Unit.USD, 1000, 86_400)


def turned_away(*units: int) -> Misfits:
    misfits = Misfits()
    for each in units:
        misfits.denied(Denied(60.0, DAY.key, each))
    return misfits


def test_the_smallest_of_three_calls_in_a_row_tells() -> None:
    assert turned_away(50, 30).least() == {}
    assert turned_away(50, 30, 40).least() == {DAY.key: 30}


def test_only_the_last_three_count() -> None:
    assert turned_away(10, 50, 30, 40).least() == {DAY.key: 30}


def test_a_call_that_fits_shows_that_something_is_left() -> None:
    misfits = turned_away(50, 30, 40)
    misfits.granted([DAY])
    assert misfits.least() == {}


def test_a_call_of_another_limit_shows_nothing() -> None:
    misfits = turned_away(50, 30, 40)
    misfits.granted([Quota("usd/day@q", Unit.USD, 1000, 86_400)])
    assert misfits.least() == {DAY.key: 30}


def test_one_request_is_the_least_anyway() -> None:
    assert turned_away(1, 1, 1).least() == {}
