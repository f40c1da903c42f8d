import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.waits import LONGEST_S, parse_wait, wait_in_headers, wait_in_text

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("3", 3.0),
        ("0.25", 0.25),
        ("-5", 0.0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0.0),
        ("2026-01-01T00:00:07Z", 7.0),
        ("2026-01-01T02:00:07.5+02:00", 7.5),
        ("1767225630", 30.0),
        ("1767225630500", 30.5),
        ("2m59.56s", 179.56),
        ("7.66s", 7.66),
        ("12ms", 0.012),
        ("6m0s", 360.0),
        ("1h2m3s", 3723.0),
        ("44s", 44.0),
        ("0s", 0.0),
        ("250µs", 0.00025),
        ("1e300", LONGEST_S),
        ("9" * 400 + "h", LONGEST_S),
        ("Thu, 01 Jan 9999 00:01:00 GMT", LONGEST_S),
    ],
)
def test_every_form_of_a_wait_is_read(said: str, seconds: float) -> None:
    assert parse_wait(said, now=NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "soon",
        "nan",
        "inf",
        "7.66x",
        "s",
        "Thu, 99 Foo",
        "7 s and then some",
        "Thu, 01 Jan 99999999999 00:00:00 GMT",
    ],
)
def test_what_is_no_wait_is_none(said: str) -> None:
    assert parse_wait(said, now=NOW) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "2", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "9s"}, 2.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7.66s"}, 7.66),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "7.66s"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1767225610000"}, 10.0),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:05Z",
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2026-01-01T00:00:09Z",
            },
            9.0,
        ),
        ({"date": "Thu, 01 Jan 2026 01:00:00 GMT", "retry-after": "Thu, 01 Jan 2026 01:00:04 GMT"}, 4.0),
    ],
    ids=[
        "nothing said",
        "seconds",
        "milliseconds are finer",
        "bad milliseconds do not count",
        "retry-after before resets",
        "the reset of what ran out",
        "what has not run out does not count",
        "epoch in milliseconds",
        "the last of several resets",
        "dates are measured by the server's clock",
    ],
)
def test_headers_say_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_in_headers(headers, now=NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Limit 12000, Used 11500, Requested 2000. Please try again in 7.66s. Need more tokens?", 7.66),
        ("Please try again in 2m59.56s.", 179.56),
        ("try again in 20ms", 0.02),
        ("have exceeded call rate limit. Please retry after 7 seconds.", 7.0),
        ("Please retry in 44.09s.", 44.09),
        ("Try again in 1 hour and 2 minutes", 3720.0),
        ("please wait 1 minute", 60.0),
        (f"try again in {'9' * 400}s", LONGEST_S),
        ("Rate limit exceeded", None),
        ("try again in 3 shakes", None),
        ("we retried 3s ago", None),
    ],
)
def test_a_sentence_is_the_last_resort(message: str, seconds: float | None) -> None:
    assert wait_in_text(message) == (None if seconds is None else pytest.approx(seconds))


_TIMES = st.from_regex(
    r"([A-Z][a-z]{2}, )?[0-9]{1,3} (Jan|Foo) [0-9]{1,12} [0-9:]{1,12} (GMT|[+-][0-9]{4,6})"
    r"|[0-9T:Z.+-]{1,40}|[0-9.]{1,9}(ms|s|m|h|d)"
)


@given(st.text(max_size=60) | _TIMES)
def test_no_text_is_an_error_or_a_wait_without_end(text: str) -> None:
    for wait in (parse_wait(text, now=NOW), wait_in_text(text)):
        assert wait is None or 0 <= wait <= LONGEST_S
