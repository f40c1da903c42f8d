import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason, ToolFragment, Usage
from workfleet.tasks.request import FunctionCall, Request, ToolCall
from workfleet.workers.providers.dialect import Ask, Delta, Reply
from workfleet.workers.providers.openai.stream import OpenAIStream
from workfleet.workers.providers.rows import ROWS

CHAT = Request.from_prompt("Name a colour.", keep_body=True)
DONE = "[DONE]"


def event(data: Any) -> bytes:
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def chunk(finish: str | None = None, *, index: int = 0, usage: Any = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }


def stream(*events: Any, request: Request = CHAT) -> tuple[list[Delta], Answer | Failure]:
    decoder = OpenAIStream(Ask(ROWS["openai"], "p", "m", request, stream=True), Reply(200))
    deltas = decoder.feed(b"".join(map(event, events)))
    return deltas, decoder.finish()


def test_the_answer_is_what_the_pieces_say() -> None:
    counted = {"prompt_tokens": 7, "completion_tokens": 2}
    deltas, answer = stream(
        chunk(role="assistant", content="", refusal=None),
        chunk(reasoning="Hm."),
        chunk(content="Bl"),
        chunk(content="ue", finish="stop"),
        {"choices": [], "usage": counted},
        {"choices": [], "usage": None, "moderation": {"x": 1}},
        DONE,
    )
    usage = Usage(input_tokens=7, output_tokens=2)
    said = [Delta(), Delta(reasoning="Hm."), Delta("Bl"), Delta("ue"), Delta(usage=usage), Delta(), Delta()]
    assert deltas == said
    assert isinstance(answer, Answer)
    assert (answer.text, answer.reasoning, answer.finish_reason, answer.usage) == (
        "Blue",
        "Hm.",
        FinishReason.STOP,
        usage,
    )
    assert answer.body == {
        "id": "c",
        "created": 1,
        "model": "m",
        "moderation": {"x": 1},
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "content": "Blue", "refusal": None, "reasoning": "Hm."},
            }
        ],
        "usage": counted,
    }


def test_tool_calls_come_in_fragments() -> None:
    deltas, answer = stream(
        chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"x"'}}]),
        chunk(tool_calls=[{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
        chunk("tool_calls"),
        DONE,
    )
    assert isinstance(answer, Answer)
    assert [delta.tool_calls for delta in deltas[:2]] == [
        (ToolFragment(0, "a", "f"),),
        (ToolFragment(0, arguments='{"x"'),),
    ]
    assert answer.tool_calls == (
        ToolCall(id="a", function=FunctionCall(name="f", arguments='{"x":1}')),
        ToolCall(id="b", function=FunctionCall(name="g", arguments="{}")),
    )
    assert (answer.finish_reason, answer.text) == (FinishReason.TOOL_CALLS, "")


def test_several_choices_are_kept_apart() -> None:
    _, answer = stream(chunk(content="a"), chunk(index=1, content="b"), chunk("stop"), chunk("length", index=1), DONE)
    assert isinstance(answer, Answer)
    assert answer.body is not None
    choices = [(c["message"]["content"], c["finish_reason"]) for c in answer.body["choices"]]
    assert (answer.text, choices) == ("a", [("a", "stop"), ("b", "length")])


def test_log_probabilities_are_put_together() -> None:
    pieces = [
        {
            **chunk(content=text),
            "choices": [{"index": 0, "delta": {"content": text}, "logprobs": {"content": [{"token": text}]}}],
        }
        for text in "ab"
    ]
    _, answer = stream(*pieces, chunk("stop"), DONE)
    assert isinstance(answer, Answer)
    assert answer.body is not None
    assert answer.body["choices"][0]["logprobs"] == {"content": [{"token": "a"}, {"token": "b"}]}


def test_a_completion_streams_texts() -> None:
    pieces = [
        {"object": "text_completion", "choices": [{"index": 0, "text": t, "finish_reason": f}]}
        for t, f in ((" =", None), (" 2", "stop"))
    ]
    deltas, answer = stream(*pieces, DONE, request=Request(kind="completion", prompt="1 + 1", keep_body=True))
    assert isinstance(answer, Answer)
    assert answer.body is not None
    assert ([d.text for d in deltas], answer.text, answer.body["object"]) == (
        [" =", " 2", ""],
        " = 2",
        "text_completion",
    )


def test_groqs_usage_counts_where_it_stands() -> None:
    _, answer = stream(
        chunk(content="a"), {**chunk("stop"), "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}}, DONE
    )
    assert isinstance(answer, Answer)
    assert answer.usage == Usage(input_tokens=3, output_tokens=1)


def test_a_stream_without_a_count_is_estimated() -> None:
    _, answer = stream(chunk(content="Blue"), chunk("stop"), DONE)
    assert isinstance(answer, Answer)
    assert (answer.usage.source, answer.usage.output_tokens) == ("estimate", 1)


OPENROUTER_ERROR = {**chunk(content=""), "error": {"code": 400, "message": "Token limit reached"}, "usage": {"cost": 0}}
GROQ_ERROR = b"event: error\n" + event(
    {"error": {"message": "no", "type": "invalid_request_error", "code": "tool_use_failed", "status_code": 400}}
)


@pytest.mark.parametrize(
    ("events", "failure"),
    [
        (
            [event({"error": {"message": "engine dead", "code": 500}}), event(DONE)],
            Failure(Fault.SERVER, "engine dead", status=200),
        ),
        (
            [event(chunk("length")), event(OPENROUTER_ERROR)],
            Failure(Fault.BAD_REQUEST, "Token limit reached", status=200),
        ),
        ([GROQ_ERROR], Failure(Fault.BAD_OUTPUT, "no", status=200, code="tool_use_failed")),
        ([], Failure(Fault.TRANSPORT, "stream interrupted before its end", status=200)),
        ([event(chunk("stop"))], Failure(Fault.TRANSPORT, "stream interrupted before its end", status=200)),
        (
            [b'data: {"choices": [{"index": 0, "del'],
            Failure(Fault.TRANSPORT, "stream interrupted before its end", status=200),
        ),
        (
            [b'{\n  "error": {\n    "message": "gone", "code": 503\n  }\n}\n'],
            Failure(Fault.OVERLOADED, "gone", status=200),
        ),
        (
            [b'error: {"code":400,"message":"the request exceeds the available context size"}\n\n', event(DONE)],
            Failure(Fault.CONTEXT_OVERFLOW, "the request exceeds the available context size", status=200),
        ),
        ([event("oops"), event(DONE)], Failure(Fault.SERVER, "an event of the stream is no JSON object", status=200)),
    ],
    ids=[
        "an error, then the marker",
        "an error after the end of the text",
        "an error event without a marker",
        "nothing",
        "no terminal marker",
        "cut in the middle of a line",
        "an error without `data:`",
        "an error in a field of its own, then the marker",
        "no JSON",
    ],
)
def test_a_stream_that_does_not_end_well_is_a_failure(events: list[bytes], failure: Failure) -> None:
    decoder = OpenAIStream(Ask(ROWS["openai"], "p", "m", CHAT, stream=True), Reply(200))
    decoder.feed(event(chunk(content="Bl")) + b"".join(events))
    assert decoder.finish() == failure


def test_nothing_but_the_marker_is_no_answer() -> None:
    assert stream(DONE)[1] == Failure(Fault.SERVER, "the answer has no choices", status=200)


def test_what_follows_the_terminal_marker_is_not_part_of_the_answer() -> None:
    deltas, answer = stream(chunk(content="a"), chunk("stop"), DONE, chunk(content="b"), "oops")
    assert isinstance(answer, Answer)
    assert (len(deltas), answer.text) == (3, "a")


@pytest.mark.parametrize("last", [b"data: [DONE]", b"data:  [DONE] "])
def test_the_marker_needs_no_line_end(last: bytes) -> None:
    decoder = OpenAIStream(Ask(ROWS["openai"], "p", "m", CHAT, stream=True), Reply(200))
    decoder.feed(event(chunk("stop", content="a")) + last)
    assert isinstance(decoder.finish(), Answer)


def test_an_event_whose_data_is_empty_says_nothing() -> None:
    deltas, answer = stream("", chunk("stop", content="a"), "", DONE)
    assert isinstance(answer, Answer)
    assert (len(deltas), answer.text) == (2, "a")


def test_a_choice_without_a_number_is_the_answer() -> None:
    deltas, answer = stream({"choices": [{"index": None, "delta": {"content": "a"}, "finish_reason": "stop"}]}, DONE)
    assert isinstance(answer, Answer)
    assert (deltas[0], answer.text) == (Delta("a"), "a")


def test_a_call_in_the_old_field_comes_in_pieces_too() -> None:
    _, answer = stream(
        chunk(function_call={"name": "f", "arguments": '{"x"'}),
        chunk(function_call={"arguments": ":1}"}),
        chunk("function_call"),
        DONE,
    )
    assert isinstance(answer, Answer)
    assert answer.tool_calls == (ToolCall(id="call_0", function=FunctionCall(name="f", arguments='{"x":1}')),)


def test_comments_say_nothing_at_all() -> None:
    decoder = OpenAIStream(Ask(ROWS["openrouter"], "p", "m", CHAT, stream=True), Reply(200))
    assert decoder.feed(b": OPENROUTER PROCESSING\n\n" * 3) == []
