"""When breakers open and close, as configurations say it."""

from collections.abc import Callable

import pytest

from workfleet.routing.breaker import BreakerPolicy
from workfleet.routing.directory import RetryPolicy
from workfleet.workers.settings import Settings
from workfleet.workers.settings.breaker import HOSTED, SELF_HOSTED, BreakerSettings, words

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]

TWO = "providers: {groq: {default_model: m}, ollama: {default_model: m}}"


def policies(settings: Settings) -> list[BreakerPolicy]:
    """As the fleet's directory has them."""
    return [facts.breaker for facts in settings.directory().providers.values()]


def test_a_server_of_our_own_is_given_up_before_a_lone_job_is() -> None:
    assert SELF_HOSTED.failures < RetryPolicy().max_attempts


def test_what_nobody_says_is_as_usual_for_the_kind_of_provider(load: Load) -> None:
    assert policies(load(TWO)) == [HOSTED, SELF_HOSTED]


def test_a_figure_for_all_holds_for_all_and_a_providers_own_before_it(load: Load) -> None:
    text = """
breaker: {failures: 7, window_s: 20, share: 0.8, least_calls: 4, cool_off_s: 3, max_cool_off_s: 9, successes: 2}
providers:
  groq: {default_model: m, breaker: {failures: 1, successes: 3}}
  ollama: {default_model: m, breaker: null}
"""
    assert policies(load(text)) == [BreakerPolicy(1, 20, 4, 0.8, 3, 9, 3), BreakerPolicy(7, 20, 4, 0.8, 3, 9, 2)]


@pytest.mark.parametrize(
    "said",
    [
        "breaker: {failures: 4, calls: 6, open_s: 20, max_open_s: 80, successes: 2}",
        "breaker: {failures: 4, leastCalls: 6, openMs: 20000, maxOpenMs: 80000, successThreshold: 2}",
        "circuit-breaker: {threshold: 4, calls: 6, reset: 20, max_open_s: 80, successes: 2}",
        "circuitBreaker: {failureThreshold: 4, calls: 6, resetTimeoutMs: 20000, maxCoolOffMs: 80000, successes: 2}",
        "circuitBreakerOptions: {threshold: 4, calls: 6, resetTimeout: 20000, maxOpenSeconds: 80, successes: 2}",
    ],
)
@pytest.mark.parametrize("text", ["SAID\n" + TWO, "providers: {groq: {default_model: m, SAID}}"], ids=["all", "one"])
def test_other_words_for_it(load: Load, text: str, said: str) -> None:
    found = policies(load(text.replace("SAID", said)))[0]
    assert found == BreakerPolicy(failures=4, least_calls=6, cool_off_s=20.0, max_cool_off_s=80.0, successes=2)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ("failures: 0", "breaker.failures: must be at least 1, not 0"),
        ("failures: 65", "breaker.failures: must be at most 64, not 65"),
        ("share: 50", "breaker.share: must be at most 1, not 50"),
        ("reset: soon", "breaker.reset: must be a number, not 'soon'"),
        ("open_s: 0", "breaker.open_s: must be more than 0, not 0"),
        ("failurs: 5", "breaker.failurs: unknown field 'failurs'; did you mean 'failures'?"),
        (
            "cool_off_s: 60, max_open_s: 30",
            "breaker.max_open_s: max_cool_off_s must be at least cool_off_s, which is 60, not 30",
        ),
    ],
)
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("mode: any\nbreaker: {SAID}\n" + TWO, "2: "),
        ("providers:\n  groq:\n    breaker: {SAID}", "3: providers.groq."),
    ],
    ids=["for all", "of one"],
)
def test_a_mistake_is_told_with_its_place(refusals: Refusals, text: str, where: str, said: str, refusal: str) -> None:
    assert refusals(text.replace("SAID", said)) == [where + refusal]


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("breaker: 5\n" + TWO, "1: breaker: must be a mapping of fields, such as `failures:`"),
        ("providers:\n  groq:\n    breaker: 5", "3: providers.groq.breaker: must be a mapping of fields"),
        (
            "breaker: {cool_off_s: 60}\nproviders:\n  groq:\n    breaker: {max_cool_off_s: 30}",
            "4: providers.groq.breaker.max_cool_off_s: max_cool_off_s must be at least cool_off_s, which is 60, not 30",
        ),
        (
            "breaker: {max_cool_off_s: 30}\nproviders:\n  groq:\n    breaker: {cool_off_s: 60}",
            "4: providers.groq.breaker: max_cool_off_s must be at least cool_off_s, which is 60, not 30",
        ),
    ],
    ids=["no mapping for all", "no mapping of one", "too short for what holds for all", "too long for it"],
)
def test_what_does_not_go_together_is_told(refusals: Refusals, text: str, refusal: str) -> None:
    assert refusals(text)[0].startswith(refusal)


def test_a_cool_off_that_is_longer_than_the_longest_usual_one_is_kept() -> None:
    assert BreakerSettings(cool_off_s=600).policy(self_hosted=False).max_cool_off_s == 600
    assert BreakerSettings(max_cool_off_s=10).policy(self_hosted=False).max_cool_off_s == 10


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        pytest.param(
            HOSTED,
            "opens at 5 failures in a row within 60 s or 50% of 10 calls or more; rests for 30 s, doubling to 300 s; "
            "1 success closes it",
            id="usual",
        ),
        (
            BreakerPolicy(failures=1, cool_off_s=5, max_cool_off_s=5, successes=2),
            "opens at 1 failure within 60 s or 50% of 10 calls or more; rests for 5 s; 2 successes in a row close it",
        ),
    ],
)
def test_people_are_told_in_words(policy: BreakerPolicy, told: str) -> None:
    assert words(policy) == told
