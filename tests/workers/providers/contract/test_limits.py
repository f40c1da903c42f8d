"""Limits that the simulator keeps itself, as every provider refuses what is above them and tells where they stand."""

from collections.abc import Mapping

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import AttemptFailed, Timeouts
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Settings, Simulator

from .cases import LIMITED, each
from .places import PLACES, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = Timeouts(20, 20, 20, 40)

#: The headers of an answer that is the first under 30 requests a minute, 1,000 a day, 12,000 tokens a minute; those of
#: resets, whose values depend on the time, are left out (C.5, C.6, C.10, C.12, C.13).
TOLD: Mapping[str, Mapping[str, str]] = {
    "openai": {"x-ratelimit-limit-requests": "30", "x-ratelimit-remaining-requests": "29"}
    | {"x-ratelimit-limit-tokens": "12000"},
    # Requests are of a day, tokens of a minute.
    "groq": {"x-ratelimit-limit-requests": "1000", "x-ratelimit-remaining-requests": "999"}
    | {"x-ratelimit-limit-tokens": "12000"},
    "anthropic": {"anthropic-ratelimit-requests-limit": "30", "anthropic-ratelimit-requests-remaining": "29"}
    | {"anthropic-ratelimit-tokens-limit": "12000"},
    "together": {"x-ratelimit-limit": "30", "x-ratelimit-remaining": "29", "x-tokenlimit-limit": "12000"},
    "azure": {"x-ratelimit-remaining-requests": "29"},
    # They tell nothing before they refuse.
    "google": {},
    "openrouter": {},
    "cohere": {},
    "vllm": {},
    "ollama": {},
    "ruvllm": {},
}


async def refused(sender: Sender, place: Place, settings: Settings, passed: int, prompt: str = "x") -> Failure:
    """How the call after those that pass is refused."""
    request = Request.from_prompt(prompt)
    async with Simulator(settings) as simulator:
        for _ in range(passed):
            await sender.ask(place.at(simulator.base_url), "sim-chat", request, LIMITS)
        with pytest.raises(AttemptFailed) as failed:
            await sender.ask(place.at(simulator.base_url), "sim-chat", request, LIMITS)
        assert (simulator.stats.complete, simulator.stats.refused) == (passed, 1)
    return failed.value.failure


@each(LIMITED)
async def test_the_request_above_a_minutes_limit_is_refused_and_no_other(
    sender: Sender, spec: str, place: Place
) -> None:
    failure = await refused(sender, place, Settings(answer_tokens=4, rpm=3, window="sliding"), 3)
    assert (failure.fault, failure.status) == (Fault.RATE_LIMITED, 429)
    # Those that tell a wait tell that of the first request's minute.
    assert failure.wait_s is None or 50 < failure.wait_s <= 61


@each(LIMITED)
async def test_the_token_above_a_minutes_limit_is_refused(sender: Sender, spec: str, place: Place) -> None:
    settings = Settings(answer_tokens=4, tpm=1_000, window="sliding")
    failure = await refused(sender, place, settings, 1, prompt="word " * 700)
    assert (failure.fault, failure.status) == (Fault.RATE_LIMITED, 429)


@each([case for case in LIMITED if case[1].row not in ("azure", "ruvllm")])  # which do not say that it is a day's
async def test_the_request_above_a_days_limit_is_refused_until_the_day_is_over(
    sender: Sender, spec: str, place: Place
) -> None:
    failure = await refused(sender, place, Settings(answer_tokens=4, rpd=2, window="sliding"), 2)
    assert (failure.fault, failure.status) == (Fault.QUOTA_EXHAUSTED, 429)


@pytest.mark.parametrize("place", [place for place in PLACES if place.name in TOLD], ids=lambda place: place.name)
async def test_limits_stand_in_the_headers_that_the_provider_has_for_them(sender: Sender, place: Place) -> None:
    heard: list[Mapping[str, str]] = []
    async with Simulator(Settings(answer_tokens=4, rpm=30, rpd=1_000, tpm=12_000)) as simulator:
        await sender.ask(
            place.at(simulator.base_url), "sim-chat", Request.from_prompt("x"), LIMITS, on_headers=heard.append
        )
    (headers,) = heard
    told = {name: value for name, value in headers.items() if "limit" in name}
    assert told.items() >= TOLD[place.name].items()
    assert bool(told) is bool(TOLD[place.name])
