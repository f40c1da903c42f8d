"""What providers say of their limits."""

import pytest

from workfleet.routing.limits import Period, Unit
from workfleet.workers.providers.limits_told import Told, limits_in_headers, limits_in_words

RPM, TPM = (Unit.REQUESTS, Period.MINUTE), (Unit.TOKENS, Period.MINUTE)
RPD, TPD = (Unit.REQUESTS, Period.DAY), (Unit.TOKENS, Period.DAY)
OPENAI = {"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "30000"}


@pytest.mark.parametrize(
    ("type_", "headers", "told"),
    [
        pytest.param("openai", OPENAI, {RPM: 500.0, TPM: 30000.0}, id="OpenAI: a minute"),
        pytest.param("groq", OPENAI, {RPD: 500.0, TPM: 30000.0}, id="Groq: requests a day"),
        pytest.param("anthropic", {"anthropic-ratelimit-requests-limit": "50"}, {RPM: 50.0}, id="Anthropic"),
        pytest.param("openai", {"x-ratelimit-limit-requests": "0"}, {}, id="none is no limit"),
        pytest.param("openai", {"x-ratelimit-limit-tokens": "many"}, {}, id="no number"),
        pytest.param("openai", {"x-ratelimit-limit-tokens": "inf"}, {}, id="no end"),
        pytest.param("vllm", {}, {}, id="nothing"),
    ],
)
def test_headers_tell_limits(type_: str, headers: dict[str, str], told: Told) -> None:
    assert limits_in_headers(headers, type_=type_) == told


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Rate limit reached on tokens per minute (TPM): Limit 12000, Used 11500, Requested 2000.", {TPM: 12000.0}),
        ("Rate limit reached on requests per day (RPD): Limit 1,000, Used 1,000.", {RPD: 1000.0}),
        ("on tokens per day (TPD): Limit 100000", {TPD: 100000.0}),
        ("You exceeded your current quota", {}),
    ],
)
def test_a_refusal_names_the_limit_in_its_words(message: str, told: Told) -> None:
    assert limits_in_words(message) == told
