import pytest

from workfleet.workers.limits.words import span, used_up


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "0.1 s"), (99.4, "99 s"), (100, "2 min"), (5999, "1 h 40 min"), (86_400, "24 h 00 min"), (5e5, "5 days")],
)
def test_a_span_is_told_in_the_units_that_people_use(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("usd/day@agent:a", "the budget of a day of agent a is used up for 5 s"),
        ("requests/day@groq", "the limit of requests a day of groq is used up for 5 s"),
        ("slots@groq", "groq has as many calls at the same time as it may have"),
        ("groq", "it asked us to wait, for another 5 s"),
    ],
)
def test_why_a_call_waits_names_the_limit_or_the_provider(key: str, words: str) -> None:
    assert used_up(key, 5.0) == words
