"""How long a refused call is to wait: in every form that providers tell it, and as each provider itself does."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import AttemptFailed, Timeouts
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Simulator

from .cases import TOLD_WAITS, Case, each
from .places import PLACES, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Fault -> seconds that are waited at least and at most; None where nothing is told. The wait is 7.66 s: `retry-after`
#: has whole seconds, rounded up, and a date is measured from the reply's own, which is rounded down.
FORMS = {
    "rate-limited-seconds": (8, 8),
    "rate-limited-date": (7, 9.66),
    "rate-limited-ms": (7.66, 7.66),
    "rate-limited-text": (7.66, 8),  # Azure has whole seconds in words, too
    "rate-limited-silent": None,
}

#: The same of a refusal as the provider itself words it (C.5 to C.12 of the wire formats).
OWN_FORMS = {
    "openai": (7.66, 7.66),  # retry-after-ms beside retry-after
    "azure": (7.66, 7.66),
    "azure, by deployment": (7.66, 7.66),
    "anthropic": (8, 8),  # retry-after
    "google": (7.66, 7.66),  # RetryInfo
    "groq": (8, 8),
    "openrouter": (6.6, 8.7),  # a reset in milliseconds since the epoch
    "cohere": None,
}

#: A day's limit that is back in 7,200 s. Google's wait of less than a minute is untrue: it ends at midnight Pacific.
OF_A_DAY = {"openai": (7200, 7200), "groq": (7200, 7200), "openrouter": (7198.9, 7201.1), "cohere": None}

Range = tuple[float, float] | None


def named(spec: str, ranges: dict[str, Range]) -> list[tuple[Case, Range]]:
    return [((spec, place), ranges[place.name]) for place in PLACES if place.name in ranges]


OWN = named("rate-limited", dict(OWN_FORMS)) + named("daily-quota", dict(OF_A_DAY))


@each(TOLD_WAITS)
async def test_a_wait_is_understood_in_every_form(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    simulator.switch_on(spec)
    assert_within(await waited(sender, place, simulator), FORMS[spec])


@pytest.mark.parametrize(("case", "range_"), OWN, ids=[f"{spec}, {place.name}" for (spec, place), _ in OWN])
async def test_a_wait_is_understood_as_the_provider_words_it(
    simulator: Simulator, sender: Sender, case: Case, range_: Range
) -> None:
    simulator.switch_on(case[0])
    assert_within(await waited(sender, case[1], simulator), range_)


async def test_googles_quota_of_a_day_is_back_at_midnight_in_california(simulator: Simulator, sender: Sender) -> None:
    simulator.switch_on("daily-quota")
    google = next(place for place in PLACES if place.name == "google")
    wait_s = await waited(sender, google, simulator)
    assert wait_s is not None
    back = datetime.now(ZoneInfo("America/Los_Angeles")) + timedelta(seconds=wait_s)
    assert min(abs(back - back.replace(hour=hour, minute=0, second=0)) for hour in (0, 23)) < timedelta(hours=1)
    assert (back.hour, back.minute) in {(0, 0), (23, 59)}


async def waited(sender: Sender, place: Place, simulator: Simulator) -> float | None:
    with pytest.raises(AttemptFailed) as failed:
        await sender.ask(place.at(simulator.base_url), "sim-chat", Request.from_prompt("x"), Timeouts(20, 20, 20, 40))
    return failed.value.failure.wait_s


def assert_within(wait_s: float | None, range_: Range) -> None:
    if range_ is None:
        assert wait_s is None
    else:
        assert wait_s is not None
        assert range_[0] <= wait_s <= range_[1]
