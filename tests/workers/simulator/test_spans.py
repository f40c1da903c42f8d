import pytest

from workfleet.workers.simulator.spans import go_duration, http_date, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("250ms", 0.25), ("5s", 5.0), ("1m30s", 90.0), ("2h", 7200.0), ("2m59.56s", 179.56)],
)
def test_lengths_of_time_are_read_as_people_write_them(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-5s", "5d", "5s!"])
def test_what_is_no_length_of_time_is_refused_with_the_known_forms(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 250ms, 5s, 1m30s or 2h"):
        seconds(text)


@pytest.mark.parametrize(
    ("span_s", "expected"),
    [
        (0, "0ms"),
        (0.012, "12ms"),
        (1, "1s"),
        (7.66, "7.66s"),
        (360, "6m0s"),
        (179.56, "2m59.56s"),
        (3600, "1h0m0s"),
        (7.6601, "7.661s"),
        (59.9999, "1m0s"),
    ],
)
def test_waits_are_written_as_go_writes_them_and_never_too_short(span_s: float, expected: str) -> None:
    assert go_duration(span_s) == expected


def test_dates_are_rounded_up_to_whole_seconds() -> None:
    assert http_date(0.5) == "Thu, 01 Jan 1970 00:00:01 GMT"
