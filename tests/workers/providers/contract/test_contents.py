"""Answers that say something odd about themselves: counts, JSON that is none, prompts of which half is missing."""

from typing import Any

import pytest

from workfleet.routing.failure import Fault
from workfleet.tasks.answer import Answer
from workfleet.tasks.request import Request, ResponseFormat
from workfleet.workers.judging.judges import judge
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Settings, Simulator

from .cases import JSON_ANSWERS, REFUSED_PARAMETERS, Case, concerned, each
from .places import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = Timeouts(20, 20, 20, 40)

WORD: dict[str, Any] = {
    "type": "object",
    "properties": {"word": {"type": "string"}, "times": {"type": "integer"}},
    "required": ["word", "times"],
    "additionalProperties": False,
}
ENTRY = Request.from_prompt(
    "An entry.",
    response_format=ResponseFormat(type="json_schema", json_schema={"name": "entry", "schema": WORD}),
    max_tokens=500,
)

#: What a judge makes of it: a fence is looked past, the rest is no answer to what was asked.
ACCEPTED = {"json-fenced": True, "json-in-prose": False, "json-truncated": False, "json-wrong-shape": False}


async def answers(sender: Sender, endpoint: Endpoint, request: Request) -> tuple[Answer, Answer]:
    """In one piece, and streamed."""
    whole = await sender.ask(endpoint, "sim-chat", request, LIMITS)
    return whole, await sender.ask(endpoint, "sim-chat", request.model_copy(update={"stream": True}), LIMITS)


@each(JSON_ANSWERS)
async def test_json_is_judged_by_what_was_asked_for(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    simulator.switch_on(spec)
    for answer in await answers(sender, place.at(simulator.base_url), ENTRY):
        assert judge("json", answer, ENTRY).accepted is ACCEPTED[spec]


@each(concerned("content-empty"))
async def test_an_answer_without_a_word_is_judged_to_be_none(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    simulator.switch_on(spec)
    request = Request.from_prompt("x")
    for answer in await answers(sender, place.at(simulator.base_url), request):
        assert judge("nonempty", answer, request).rejection == "the answer is empty"


@each(concerned("usage-missing"))
async def test_tokens_that_are_not_told_are_estimated(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    simulator.switch_on(spec)
    for answer in await answers(sender, place.at(simulator.base_url), Request.from_prompt("Tell me of rivers.")):
        usage = answer.usage
        assert (usage.source, usage.input_tokens > 0, usage.output_tokens > 0) == ("estimate", True, True)


#: A token count that comes early and changes at the end, or is null afterwards: what was told last is true.
@each(concerned("usage-null-after", "usage-changing"))
async def test_the_last_count_that_is_told_is_the_true_one(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    request = Request.from_prompt("Tell me of rivers.", stream=True)
    endpoint = place.at(simulator.base_url)
    usual = await sender.ask(endpoint, "sim-chat", request, LIMITS)
    active = simulator.switch_on(spec)
    odd = await sender.ask(endpoint, "sim-chat", request, LIMITS)
    assert (odd.usage, active.struck) == (usual.usage, 1)


@each(concerned("reasoning-exceeds"))
async def test_more_reasoning_than_answer_is_taken_as_it_is_told(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    simulator.switch_on(spec)
    for answer in await answers(sender, place.at(simulator.base_url), Request.from_prompt("Tell me of rivers.")):
        assert answer.usage.source == "provider"
        assert answer.usage.reasoning_tokens in (0, answer.usage.output_tokens + 1)


async def test_a_cut_prompt_is_noticed_by_its_count(sender: Sender) -> None:
    async with Simulator(Settings(answer_tokens=5, context_tokens=65536)) as simulator:

        async def ask(words: int) -> int:
            prompt = Request.from_prompt("word " * words)
            place = Endpoint("p", "ollama", simulator.base_url)
            return (await sender.ask(place, "sim-chat", prompt, LIMITS)).usage.input_tokens

        words = round(8000 * 8192 / await ask(8000))  # half of which fills a window exactly
        simulator.switch_on("truncated-input")
        with pytest.raises(AttemptFailed) as failed:
            await ask(words)
    assert failed.value.failure.fault is Fault.CONTEXT_OVERFLOW


def is_sent(case: Case) -> bool:
    """OpenAI and others are sent `max_completion_tokens` from the beginning."""
    return case[0] != "rejects-max-tokens" or ROWS[case[1].row].max_tokens_field == "max_tokens"


@each(list(filter(is_sent, REFUSED_PARAMETERS)))
async def test_a_refused_parameter_costs_one_call_and_is_remembered(
    simulator: Simulator, sender: Sender, spec: str, place: Place
) -> None:
    active = simulator.switch_on(spec)
    request = Request.from_prompt("x", system="Be brief.", temperature=0.5, max_tokens=50)
    endpoint = place.at(simulator.base_url, provider=f"{spec} {place.name}")
    for _ in range(2):
        await sender.ask(endpoint, "sim-chat", request, LIMITS)
    assert (active.struck, simulator.stats.visits.total()) == (1, 3)
