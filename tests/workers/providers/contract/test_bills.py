"""What is known of the bill of a call that fails, by faults of the catalogue and by dialects."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from workfleet.tasks.request import Request
from workfleet.workers.attempts.lost_call import may_be_billed
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint
from workfleet.workers.providers.meter import Meter
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Simulator

from .cases import concerned, each
from .expected import EXPECTED, Ending, only_short
from .places import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUEST = Request.from_prompt("Say something nice about a città.", system="Be brief.", max_tokens=500)

#: `none`: nobody bills it. `counted`: the provider says what it used. `begun`: that much has come, by our estimate.
#: `unseen`: it may be billed, and nobody knows with what. `answered`: the fault does not strike such answers.
Bill = Literal["none", "counted", "begun", "unseen", "answered"]


@dataclass(frozen=True)
class Bills:
    """whole, stream: of an answer in one piece and of a streamed one. own: of places where both are another."""

    whole: Bill
    stream: Bill
    own: "Mapping[str, Bills]" = field(default_factory=dict[str, "Bills"])

    def of(self, place: Place) -> "Bills":
        return self.own.get(place.name, self)


_NONE, _UNSEEN, _COUNTED = Bills("none", "none"), Bills("unseen", "unseen"), Bills("counted", "counted")
#: Google counts in each event. What ruvLLM answers cannot be read before it is whole.
_CUT = {"google": Bills("unseen", "counted"), "ruvllm": _UNSEEN}
_STREAM_COUNTED = Bills("answered", "counted")
_NO_CHOICES = Bills("unseen", "answered", {"google": Bills("counted", "answered")})

BILLS: Mapping[str, Bills] = {
    "refuse": _NONE,
    "connect-hang": _NONE,
    "reset": _UNSEEN,
    "hang": _UNSEEN,
    "stall-headers": _UNSEEN,
    "stall-midway": Bills("answered", "begun", {"google": _STREAM_COUNTED}),
    "cut-mid-line": Bills("unseen", "begun", _CUT),
    "error-midway": Bills("answered", "begun", {"google": _STREAM_COUNTED, "openrouter": _STREAM_COUNTED}),
    # Theirs looks like no error, where none is expected.
    "error-in-200": Bills("none", "none", {"cerebras": _UNSEEN, "cohere": _UNSEEN}),
    "choices-null": _NO_CHOICES,
    "prompt-filtered": Bills("none", "none", {"google": _COUNTED}),
    "rate-limited": _NONE,
    "http-500": _NONE,
    "html-520": _NONE,
}
_ONE_OF_EACH = ("openai", "azure", "openrouter", "cerebras", "anthropic", "google", "cohere", "ollama", "ruvllm")


@each([case for case in concerned(*BILLS) if case[1].name in _ONE_OF_EACH])
async def test_a_call_is_billed_unless_it_never_arrived_or_was_refused(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    endpoint, expected = place.at(simulator.base_url), EXPECTED[spec].of(place)
    active = simulator.switch_on(spec)
    if spec in ("refuse", "connect-hang"):
        while not active.struck:
            await asyncio.sleep(0)
    whole = await _bill(sender, endpoint, expected.whole, stream=False)
    stream = await _bill(sender, endpoint, expected.stream, stream=True)
    bills = BILLS[spec].of(place)
    assert (whole, stream) == (bills.whole, bills.stream)


async def _bill(sender: Sender, endpoint: Endpoint, ending: Ending, *, stream: bool) -> Bill:
    meter, request = Meter(), REQUEST.model_copy(update={"stream": stream})
    try:
        await sender.ask(endpoint, "sim-chat", request, only_short(ending), meter=meter)
    except AttemptFailed as failed:
        if (usage := meter.usage(request)) is not None:
            return "counted" if usage.source == "provider" else "begun"
        return "unseen" if may_be_billed(meter.sending, failed.failure) else "none"
    return "answered"
