"""Whole answers, where an older model gives its JSON as the arguments of a tool."""

import json
from dataclasses import replace
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer
from workfleet.tasks.request import ResponseFormat
from workfleet.workers.providers.dialect import Reply

from ..speakers import ANTHROPIC, CHAT

SCHEMA = ResponseFormat(
    type="json_schema", json_schema={"name": "city", "schema": {"type": "object", "properties": {"city": {}}}}
)
ANSWER: dict[str, Any] = {"type": "tool_use", "id": "1", "name": "answer", "input": {"city": "Köln"}}
OTHER: dict[str, Any] = {"type": "tool_use", "id": "2", "name": "look", "input": {}}
WORDS: dict[str, Any] = {"type": "text", "text": "Here it is."}


def decoded(*blocks: dict[str, Any], stop: str) -> Answer | Failure:
    request = CHAT.model_copy(update={"response_format": SCHEMA})
    ask = replace(ANTHROPIC.ask(), model="claude-3-haiku-20240307", request=request)
    return ANTHROPIC.speaks.decode(ask, reply({"content": list(blocks), "stop_reason": stop}))


def reply(body: dict[str, Any]) -> Reply:
    return Reply(200, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("blocks", "stop", "said", "calls", "ended"),
    [
        ([ANSWER], "tool_use", '{"city": "Köln"}', [], "stop"),
        ([WORDS, ANSWER], "tool_use", '{"city": "Köln"}', [], "stop"),
        ([ANSWER, OTHER], "tool_use", '{"city": "Köln"}', ["look"], "tool_calls"),
        ([ANSWER], "max_tokens", '{"city": "Köln"}', [], "length"),
        ([WORDS], "end_turn", "Here it is.", [], "stop"),
    ],
    ids=["the answer alone", "after words", "beside a call", "cut", "the model called no tool"],
)
def test_the_arguments_of_the_answers_tool_are_the_answer(
    blocks: list[dict[str, Any]], stop: str, said: str, calls: list[str], ended: str
) -> None:
    answer = decoded(*blocks, stop=stop)
    assert isinstance(answer, Answer)
    assert (answer.text, [call.function.name for call in answer.tool_calls]) == (said, calls)
    assert answer.finish_reason == ended


def test_an_answer_without_content_is_the_servers_failure() -> None:
    found = ANTHROPIC.speaks.decode(ANTHROPIC.ask(), reply({"stop_reason": "end_turn"}))
    assert found == Failure(Fault.SERVER, "the answer has no content", status=200)
