"""Streams of JSON objects for dialects that say only what each object means."""

import json
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason, Usage
from workfleet.tasks.request import FunctionCall, Request, ToolCall
from workfleet.workers.providers.authoring import Ask, Delta, End, JSONStream, Reply, Row, ToolFragment

ASK = Ask(Row("x"), "mine", "m", Request.from_prompt("Say it."), stream=True)
Framing = Literal["events", "lines"]
CALLS = [ToolFragment(1, "b", "look", "{"), ToolFragment(0, "a", "ask", "{}"), ToolFragment(1, arguments="}")]
SAID = [{"t": "Grü"}, {"r": "Hm"}, {"u": 5}, {"c": 0}, {"c": 1}, {"t": "ße 🙂"}, {"c": 2}, {"e": 7}]


def read(said: Any) -> Delta | End | Failure | None:
    if "x" in said:
        return Failure(Fault.OVERLOADED, said["x"])
    if "e" in said:
        return End(FinishReason.TOOL_CALLS, "tools", Usage(input_tokens=said["e"]), "m-7", Delta(text="!"))
    if "c" in said:
        return Delta(tool_calls=(CALLS[int(said["c"])],))
    if "u" in said:
        return Delta(usage=Usage(input_tokens=said["u"]))
    return Delta(text=said.get("t", ""), reasoning=said.get("r", "")) if said else None


def written(framing: Framing, *said: object) -> bytes:
    form = "data: {}\n\n" if framing == "events" else "{}\n"
    return "".join(form.format(json.dumps(each, ensure_ascii=False)) for each in said).encode()


def follow(framing: Framing, *pieces: bytes) -> tuple[list[Delta], Answer | Failure]:
    stream = JSONStream(ASK, Reply(200), read, framing=framing)
    deltas = [delta for piece in pieces for delta in stream.feed(piece)]
    return deltas, stream.finish()


both = pytest.mark.parametrize("framing", ["events", "lines"])


@both
def test_an_answer_is_what_the_objects_add_up_to(framing: Framing) -> None:
    deltas, answer = follow(framing, written(framing, {}, *SAID))
    assert answer == Answer(
        text="Grüße 🙂!",
        reasoning="Hm",
        tool_calls=(
            ToolCall(id="a", function=FunctionCall(name="ask", arguments="{}")),
            ToolCall(id="b", function=FunctionCall(name="look", arguments="{}")),
        ),
        finish_reason=FinishReason.TOOL_CALLS,
        raw_finish_reason="tools",
        usage=Usage(input_tokens=7),
        provider="mine",
        model="m-7",
    )
    assert ("".join(delta.text for delta in deltas), len(deltas)) == ("Grüße 🙂!", len(SAID))


@both
@given(data=st.data())
def test_where_the_bytes_are_cut_makes_no_difference(framing: Framing, data: st.DataObject) -> None:
    stream = written(framing, *SAID)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
    pieces = [stream[start:end] for start, end in pairwise([0, *sorted(cuts), len(stream)])]
    assert follow(framing, *pieces) == follow(framing, stream)


@both
def test_without_its_end_it_is_no_answer(framing: Framing) -> None:
    _, outcome = follow(framing, written(framing, *SAID[:-1]))
    assert outcome == Failure(Fault.TRANSPORT, "stream interrupted before its end", status=200)


@both
def test_an_error_ends_it_and_what_follows_counts_no_more(framing: Framing) -> None:
    deltas, outcome = follow(framing, written(framing, {"t": "a"}, {"x": "full"}, {"t": "b"}, {"e": 1}))
    assert (deltas, outcome) == ([Delta(text="a")], Failure(Fault.OVERLOADED, "full"))


@both
def test_what_is_no_object_is_passed_over(framing: Framing) -> None:
    stream = b"data: [DONE]\n\n" if framing == "events" else b"[1]\nnull\n"
    _, outcome = follow(framing, stream + written(framing, {"t": "a"}, {"e": 1}))
    assert isinstance(outcome, Answer)
    assert outcome.text == "a!"


def test_the_last_usage_of_the_pieces_counts_where_the_end_has_none() -> None:
    stream = JSONStream(ASK, Reply(200), lambda said: End() if "e" in said else read(said))
    stream.feed(written("events", {"u": 5}, {"u": 6}, {"e": 1}))
    answer = stream.finish()
    assert isinstance(answer, Answer)
    assert (answer.usage.input_tokens, answer.finish_reason, answer.model) == (6, FinishReason.STOP, "m")
