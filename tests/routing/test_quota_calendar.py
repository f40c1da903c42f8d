"""When a quota begins anew where the provider lives, also on the days on which the clocks change."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from workfleet.routing.limits import Period
from workfleet.routing.quota_calendar import edges, is_zone

PACIFIC = ZoneInfo("America/Los_Angeles")


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        pytest.param("2026-07-01T12:00", [24, 24], id="a day in summer"),
        pytest.param("2026-03-08T01:30", [23, 24], id="the clocks go forward at two"),
        pytest.param("2026-03-07T23:59", [24, 23], id="the day before"),
        pytest.param("2026-11-01T23:30", [25, 24], id="the clocks go back"),
    ],
)
def test_days_end_at_midnight_of_the_providers_clock(now: str, hours: list[int]) -> None:
    found = edges(Period.DAY, "America/Los_Angeles", at(now, "America/Los_Angeles"))
    assert [datetime.fromtimestamp(edge, PACIFIC).hour for edge in found] == [0, 0, 0]
    assert [(later - earlier) / 3600 for earlier, later in pairwise(found)] == hours
    assert found[0] <= at(now, "America/Los_Angeles") < found[1]


def test_midnight_in_los_angeles_is_at_eight_or_at_seven_utc() -> None:
    assert edges(Period.DAY, "America/Los_Angeles", at("2026-01-10T07:59"))[1] == at("2026-01-10T08:00")
    assert edges(Period.DAY, "America/Los_Angeles", at("2026-07-10T07:01"))[0] == at("2026-07-10T07:00")


def test_months_begin_on_their_first_day() -> None:
    expected = [at("2026-12-01T00:00"), at("2027-01-01T00:00"), at("2027-02-01T00:00")]
    assert list(edges(Period.MONTH, "UTC", at("2026-12-31T23:59"))) == expected


def test_a_day_that_begins_at_one_is_found_too() -> None:
    """In Cairo the clocks go forward at midnight."""
    found = edges(Period.DAY, "Africa/Cairo", at("2026-04-24T12:00", "Africa/Cairo"))
    assert (found[1] - found[0]) / 3600 == 23
    assert found[0] == at("2026-04-23T22:00")


def test_a_rolling_window_has_no_edges() -> None:
    assert edges(Period.DAY, "rolling", 0.0) == ()


@pytest.mark.parametrize(
    ("name", "known"), [("UTC", True), ("rolling", True), ("Mars/Olympus", False), ("../x", False)]
)
def test_a_zone_is_known_or_not(name: str, known: bool) -> None:
    assert is_zone(name) is known
