"""Counts of a stream are totals that may change until it ends, and the last ones are right."""

from typing import Any

import pytest

from workfleet.tasks.answer import Answer, Usage
from workfleet.workers.providers.dialect import Reply

from .speakers import ANTHROPIC, GEMINI, OPENAI, Speaker, candidate, event, openai_chunk, sse


def followed(speaker: Speaker, *events: Any) -> Answer:
    decoder = speaker.speaks.decoder(speaker.ask(stream=True), Reply(200))
    decoder.feed(sse(*events))
    found = decoder.finish()
    assert isinstance(found, Answer)
    return found


def message_start(**usage: int) -> dict[str, Any]:
    return event("message_start", message={"id": "c", "model": "m", "content": [], "usage": usage})


SAID = (
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "x"}),
)
ENDED = {"stop_reason": "end_turn"}


def test_anthropic_tells_what_it_has_read_before_it_speaks() -> None:
    """So a message that breaks off is booked with its input."""
    decoder = ANTHROPIC.speaks.decoder(ANTHROPIC.ask(stream=True), Reply(200))
    (delta,) = decoder.feed(sse(message_start(input_tokens=20, cache_read_input_tokens=8, output_tokens=1)))
    assert delta.usage == Usage(input_tokens=28, cached_read_tokens=8, output_tokens=1)


@pytest.mark.parametrize(
    ("last", "usage"),
    [
        ({"input_tokens": 4714, "output_tokens": 304}, Usage(input_tokens=4714, output_tokens=304)),
        ({"input_tokens": None, "output_tokens": 304}, Usage(input_tokens=2293, output_tokens=304)),
        ({"output_tokens": 7}, Usage(input_tokens=2293, output_tokens=7)),
    ],
    ids=["the input grew", "the input is null", "the input is not told again"],
)
def test_anthropics_last_count_stands_for_those_before(last: dict[str, Any], usage: Usage) -> None:
    end = event("message_delta", delta=ENDED, usage=last)
    found = followed(ANTHROPIC, message_start(input_tokens=2293, output_tokens=1), *SAID, end, event("message_stop"))
    assert found.usage == usage


def test_geminis_count_may_go_down() -> None:
    first = {**candidate({"text": "x"}), "usageMetadata": {"promptTokenCount": 15, "candidatesTokenCount": 1}}
    last = {
        **candidate({"text": "y"}, finishReason="STOP"),
        "usageMetadata": {"promptTokenCount": 13, "candidatesTokenCount": 2, "thoughtsTokenCount": 30},
    }
    assert followed(GEMINI, first, last).usage == Usage(input_tokens=13, output_tokens=32, reasoning_tokens=30)


@pytest.mark.parametrize("after", [{"usage": None}, {}], ids=["null", "nothing"])
def test_a_count_is_not_undone_by_a_chunk_without_one(after: dict[str, Any]) -> None:
    counted: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 13, "completion_tokens": 11}}
    found = followed(OPENAI, openai_chunk("stop", content="x"), counted, {"choices": [], **after}, None)
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.source) == (13, 11, "provider")


def test_reasoning_may_be_more_than_all_output() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 11}}
    found = followed(OPENAI, openai_chunk("stop", content="x"), {"choices": [], "usage": usage}, None)
    assert (found.usage.output_tokens, found.usage.reasoning_tokens) == (10, 11)
