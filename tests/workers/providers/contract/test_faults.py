"""Every fault of the catalogue, met by the sender at every provider that it concerns: what comes of it."""

import asyncio

import pytest

from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Simulator

from .cases import CALLS, EMBEDDINGS, each
from .expected import EXPECTED, FINE, Ending, only_short
from .places import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUEST = Request.from_prompt("Say something nice about a città.", system="Be brief.", temperature=0.5, max_tokens=500)


@each(CALLS)
async def test_a_fault_ends_a_call_as_the_reference_says(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    expected = EXPECTED[spec].of(place)
    endpoint = place.at(simulator.base_url, provider=f"{spec} {place.name}")
    usual = await _both(sender, endpoint, FINE, FINE) if FINE in (expected.whole, expected.stream) else []
    active = simulator.switch_on(spec)
    if spec in ("refuse", "connect-hang"):
        while not active.struck:
            await asyncio.sleep(0)
    met = await _both(sender, endpoint, expected.whole, expected.stream)
    assert [ending for ending, _ in met] == [expected.whole, expected.stream]
    if expected.same:
        assert [now for now, before in zip(met, usual, strict=False) if now[0] is FINE and now != before] == []


@each(EMBEDDINGS)
async def test_embeddings_are_refused_with_the_same_classes(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    simulator.switch_on(spec)
    request = Request(kind="embedding", input=("a river", "a city"))
    with pytest.raises(AttemptFailed) as failed:
        await sender.ask(place.at(simulator.base_url), "sim-embed", request, only_short(FINE))
    assert failed.value.failure.fault is EXPECTED[spec].of(place).whole


async def _both(sender: Sender, endpoint: Endpoint, whole: Ending, stream: Ending) -> list[tuple[Ending, str]]:
    """How a whole and a streamed answer end, and what they say; whole, stream: how they are expected to."""
    return list(await asyncio.gather(_met(sender, endpoint, whole, False), _met(sender, endpoint, stream, True)))


async def _met(sender: Sender, endpoint: Endpoint, expected: Ending, stream: bool) -> tuple[Ending, str]:
    request = REQUEST.model_copy(update={"stream": stream})
    try:
        answer = await sender.ask(endpoint, "sim-chat", request, only_short(expected))
    except AttemptFailed as failed:
        return failed.failure.fault, ""
    return answer.finish_reason, answer.text
