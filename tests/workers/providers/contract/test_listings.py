"""Listings of models in every odd form, and models that are fetched with trouble on the way."""

import pytest

from workfleet.routing.failure import Fault
from workfleet.workers.providers.endpoint import AttemptFailed
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Settings, Simulator

from .cases import BARE_LISTINGS, LISTINGS, PULLS, each
from .places import Place, everywhere

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = ("sim-chat", "sim-embed", "c", "d", "e")

#: Models that a listing holds beside those of the settings.
MORE = {"listing-huge": 1_000}

#: What comes of a pull.
ENDS = {"pull-error": Fault.MODEL_NOT_FOUND, "pull-restart": None, "pull-present": None}


@each(BARE_LISTINGS)
async def test_a_bare_array_is_no_listing_of_those_that_name_theirs(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    simulator.switch_on(spec)
    with pytest.raises(AttemptFailed, match="no listing of models; check the base URL") as failed:
        await sender.models(place.at(simulator.base_url))
    assert failed.value.failure.fault is Fault.SERVER


@each(LISTINGS)
async def test_a_listing_is_read_whatever_it_looks_like(sender: Sender, spec: str, place: Place) -> None:
    async with Simulator(Settings(models=MODELS)) as simulator:
        simulator.switch_on(spec)
        models = await sender.models(place.at(simulator.base_url), timeout_s=60)
    names = [model.name.removesuffix(":latest") for model in models]
    assert (set(names) >= set(MODELS), len(names)) == (True, len(MODELS) + MORE.get(spec, 0))


@each(PULLS)
async def test_a_pull_ends_well_or_says_why(simulator: Simulator, sender: Sender, spec: str, place: Place) -> None:
    simulator.switch_on(spec)
    last, met = "", None
    try:
        async for progress in sender.pull(place.at(simulator.base_url), "qwen3:4b"):
            last = progress.status
    except AttemptFailed as failed:
        met = failed.failure.fault
    assert (met, last == "success") == (ENDS[spec], ENDS[spec] is None)


@everywhere()
async def test_an_outage_is_seen_by_health_checks_and_listings(
    simulator: Simulator, sender: Sender, place: Place
) -> None:
    simulator.switch_on("outage")
    endpoint = place.at(simulator.base_url)
    assert not (await sender.health(endpoint)).healthy
    with pytest.raises(AttemptFailed) as failed:
        await sender.models(endpoint)
    assert failed.value.failure.fault is Fault.OVERLOADED
