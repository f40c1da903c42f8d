"""Characters that come in halves, from a provider's escapes to where an answer is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer
from workfleet.tasks.characters import whole
from workfleet.tasks.request import FunctionCall, Request, ToolCall
from workfleet.workers.providers.dialect import Delta
from workfleet.workers.providers.halves import Halves, mended

from .sent import LIMITS, Server, answer, endpoint, sending, streams


def piece(content: str) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": None}]}


async def test_a_character_whose_halves_come_in_two_events_is_one() -> None:
    server = Server(streams(piece("Hi \ud83d"), piece("\ude00!"), "[DONE]"))
    heard: list[str] = []

    async def hear(delta: Delta) -> None:
        heard.append(delta.text)

    async with sending(server) as sender:
        found = await sender.ask(endpoint(), "m", Request.from_prompt("Hi"), LIMITS, hear)

    assert (found.text, heard) == ("Hi 😀!", ["Hi ", "😀!"])


async def test_a_half_that_stays_alone_is_replaced() -> None:
    found = await answer(Server(streams(piece("Hi \ud83d"), "[DONE]")), request=Request.from_prompt("Hi", stream=True))
    assert found.text == "Hi \ufffd"


@given(st.lists(st.text(st.sampled_from("aé🙂\ud83d\ude00"))))
def test_where_a_stream_is_cut_makes_no_difference(texts: list[str]) -> None:
    halves = Halves()
    heard = "".join(halves.take(Delta(text=text, reasoning=text)).reasoning for text in texts)
    said = whole("".join(texts))
    assert said.removeprefix(heard) in ("", "\ufffd")


def calling(arguments: str) -> Answer:
    return Answer(text="ok", tool_calls=(ToolCall(id="c", function=FunctionCall(name="f", arguments=arguments)),))


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        pytest.param(Answer(text="\ud83d"), Answer(text="\ufffd"), id="a text"),
        pytest.param(Answer(reasoning="\ud83d\ude00"), Answer(reasoning="😀"), id="a reasoning"),
        pytest.param(calling('{"a":"\ud83d"}'), calling('{"a":"\ufffd"}'), id="arguments of a tool"),
        pytest.param(
            Failure(Fault.SERVER, "no \ude00", code="\ud83d"),
            Failure(Fault.SERVER, "no \ufffd", code="\ufffd"),
            id="a failure",
        ),
    ],
)
def test_what_is_stored_has_whole_characters(outcome: Answer | Failure, expected: Answer | Failure) -> None:
    assert mended(outcome) == expected


@pytest.mark.parametrize("outcome", [calling("{}"), Failure(Fault.SERVER, "é")], ids=["an answer", "a failure"])
def test_what_is_whole_stays_as_it_is(outcome: Answer | Failure) -> None:
    assert mended(outcome) is outcome
