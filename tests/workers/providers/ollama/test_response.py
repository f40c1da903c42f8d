import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason, ToolFragment, Usage
from workfleet.tasks.request import FunctionCall, Request, ToolCall
from workfleet.workers.providers.dialect import Ask, Delta, Reply
from workfleet.workers.providers.ollama.dialect import Ollama
from workfleet.workers.providers.rows import ROWS

CHAT = Request.from_prompt("Name a colour.")
LAST: dict[str, Any] = {
    "model": "qwen3:4b",
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 26,
    "eval_count": 3,
}


def local_usage(**counts: Any) -> Usage:
    return Usage(cost_usd=0.0, cost_source="local", **counts)


def ask(request: Request = CHAT, **fields: Any) -> Ask:
    return Ask(ROWS["ollama"], "o", "qwen3", request, **fields)


def decode(body: Any, request: Request = CHAT, **fields: Any) -> Answer | Failure:
    return Ollama().decode(ask(request, **fields), Reply(200, {}, json.dumps(body).encode()))


def stream(*lines: Any, request: Request = CHAT, end: bytes = b"") -> tuple[list[Delta], Answer | Failure]:
    decoder = Ollama().decoder(ask(request, stream=True), Reply(200))
    deltas = decoder.feed(b"".join(json.dumps(line).encode() + b"\n" for line in lines) + end)
    return deltas, decoder.finish()


def message(content: str = "", **fields: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": content, **fields}, "done": False}


def test_an_answer_names_who_answered_and_what_it_took() -> None:
    assert decode({**LAST, "message": {"content": "Blue.", "thinking": "Hm."}}) == Answer(
        text="Blue.",
        reasoning="Hm.",
        finish_reason=FinishReason.STOP,
        raw_finish_reason="stop",
        usage=Usage(input_tokens=26, output_tokens=3, cost_usd=0.0, cost_source="local"),
        provider="o",
        model="qwen3:4b",
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"done_reason": "length"}, FinishReason.LENGTH),
        ({"done_reason": "load"}, FinishReason.UNKNOWN),
        ({"message": {"tool_calls": [{"function": {"name": "f"}}]}}, FinishReason.TOOL_CALLS),
        ({"done_reason": None}, FinishReason.UNKNOWN),
    ],
)
def test_the_end_has_one_name(fields: dict[str, Any], reason: FinishReason) -> None:
    answer = decode({**LAST, "message": {"content": "x"}, **fields})
    assert isinstance(answer, Answer)
    assert answer.finish_reason == reason


def test_old_servers_put_the_reasoning_into_the_answer() -> None:
    answer = decode({**LAST, "message": {"content": "<think>\nHm.\n</think>\n\nBlue."}})
    assert isinstance(answer, Answer)
    assert (answer.text, answer.reasoning) == ("Blue.", "Hm.\n")


def test_a_tool_call_gets_an_id_and_arguments_as_text() -> None:
    calls = [
        {"function": {"name": "f", "arguments": {"a": "é"}}},
        {"id": "x", "function": {"name": "g"}},
        {"id": "y", "function": {"name": "h", "arguments": '{"a": 1}'}},
    ]
    answer = decode({**LAST, "message": {"tool_calls": calls}})
    assert isinstance(answer, Answer)
    assert answer.tool_calls == (
        ToolCall(id="call_0", function=FunctionCall(name="f", arguments='{"a": "é"}')),
        ToolCall(id="x", function=FunctionCall(name="g", arguments="{}")),
        ToolCall(id="y", function=FunctionCall(name="h", arguments='{"a": 1}')),
    )


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        ({"prompt_eval_count": 26, "eval_count": 3}, local_usage(input_tokens=26, output_tokens=3)),
        ({"eval_count": 3}, local_usage(input_tokens=12, output_tokens=3, source="estimate")),
        ({"prompt_eval_count": 26}, local_usage(input_tokens=26, output_tokens=2, source="estimate")),
        (
            {"prompt_eval_count": 26, "eval_count": 3, "remote_host": "https://ollama.com:443"},
            Usage(input_tokens=26, output_tokens=3),
        ),
    ],
    ids=["counted", "a cached prompt is not counted", "no count of the answer", "a cloud model is not free"],
)
def test_usage_is_the_servers_count_or_an_estimate(fields: dict[str, Any], usage: Usage) -> None:
    answer = decode({"done": True, "message": {"content": "Blue."}, **fields})
    assert isinstance(answer, Answer)
    assert answer.usage == usage


LONG = Request.from_prompt("word " * 10_000, max_tokens=10)


@pytest.mark.parametrize(
    ("request_", "context_tokens", "counted", "window"),
    [
        (LONG, 4096, 4096, 4096),
        (LONG, 4096, 2050, 4096),
        (LONG, None, 2048, 16384),
        (LONG.model_copy(update={"extra": {"options": {"num_ctx": 2048}}}), None, 2048, 2048),
    ],
    ids=["full", "shifted", "the server kept to less", "the caller's own window"],
)
def test_a_prompt_that_was_cut_is_an_overflow(
    request_: Request, context_tokens: int | None, counted: int, window: int
) -> None:
    failure = decode({**LAST, "prompt_eval_count": counted}, request_, context_tokens=context_tokens)
    assert isinstance(failure, Failure)
    assert failure.fault is Fault.CONTEXT_OVERFLOW
    assert failure.message.startswith(f"the prompt was cut: {counted} of about ")
    assert failure.message.endswith(f"num_ctx was {window}")


def test_a_completion_has_its_text_in_the_response() -> None:
    answer = decode({**LAST, "response": " = 2", "thinking": "Hm."}, Request(kind="completion", prompt="1 + 1"))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.reasoning) == (" = 2", "Hm.")


EMBEDDING = Request(kind="embedding", input=("a", "b"))


def test_embeddings_are_in_the_order_of_the_inputs() -> None:
    answer = decode({"model": "e", "embeddings": [[1, 0], [0, 1.5]], "prompt_eval_count": 4}, EMBEDDING)
    assert answer == Answer(
        embeddings=((1.0, 0.0), (0.0, 1.5)),
        finish_reason=FinishReason.STOP,
        usage=local_usage(input_tokens=4),
        provider="o",
        model="e",
    )


@pytest.mark.parametrize(
    "body",
    [{"embeddings": [[1.0]]}, {"embedding": [1.0]}, {"embeddings": [[1.0], []]}, {"embeddings": [[1.0], [None]]}],
)
def test_embeddings_that_do_not_match_the_inputs_are_a_failure(body: dict[str, Any]) -> None:
    failure = decode(body, EMBEDDING)
    assert isinstance(failure, Failure)
    assert failure.fault is Fault.SERVER


@pytest.mark.parametrize(
    ("status", "error", "failure"),
    [
        (404, "model 'x' not found", Failure(Fault.MODEL_NOT_FOUND, "model 'x' not found", status=404)),
        (
            400,
            '"x" does not support thinking',
            Failure(Fault.BAD_REQUEST, '"x" does not support thinking', status=400, parameter="think"),
        ),
        (400, '"x" does not support chat', Failure(Fault.BAD_REQUEST, '"x" does not support chat', status=400)),
        (429, "too many requests", Failure(Fault.RATE_LIMITED, "too many requests", status=429)),
        (
            503,
            "server busy, please try again.",
            Failure(Fault.OVERLOADED, "server busy, please try again.", status=503),
        ),
        (502, "upstream", Failure(Fault.SERVER, "upstream", status=502)),
    ],
)
def test_a_refusal_has_its_class(status: int, error: str, failure: Failure) -> None:
    assert Ollama().failure(Reply(status, {}, json.dumps({"error": error}).encode())) == failure


def test_a_stream_is_put_together() -> None:
    call = {"function": {"name": "f", "arguments": {"a": 1}}}
    deltas, answer = stream(
        message(thinking="Hm."), message("Bl"), message("ue", tool_calls=[call]), {**LAST, "message": {"content": ""}}
    )
    fragment = ToolFragment(0, "call_0", "f", '{"a": 1}')
    assert deltas == [Delta(reasoning="Hm."), Delta("Bl"), Delta("ue", tool_calls=(fragment,)), Delta()]
    assert isinstance(answer, Answer)
    assert (answer.text, answer.reasoning, answer.finish_reason, len(answer.tool_calls)) == (
        "Blue",
        "Hm.",
        FinishReason.TOOL_CALLS,
        1,
    )
    assert answer.usage == local_usage(input_tokens=26, output_tokens=3)


def test_a_completion_streams_responses() -> None:
    lines = [{"response": " =", "done": False}, {"response": " 2", "done": False}, {**LAST, "response": ""}]
    deltas, answer = stream(*lines, request=Request(kind="completion", prompt="1 + 1"))
    assert isinstance(answer, Answer)
    assert ([delta.text for delta in deltas], answer.text) == ([" =", " 2", ""], " = 2")


INTERRUPTED = Failure(Fault.TRANSPORT, "stream interrupted before its end", status=200)


@pytest.mark.parametrize(
    ("lines", "end", "failure"),
    [
        ([message("Bl"), {"error": "an error was encountered while running the model"}], b"",
         Failure(Fault.SERVER, "an error was encountered while running the model", status=200)),
        ([{"error": "the input length exceeds the context length"}], b"",
         Failure(Fault.CONTEXT_OVERFLOW, "the input length exceeds the context length", status=200)),
        ([message("Bl")], b"", INTERRUPTED),
        ([message("Bl")], b'{"message": {"cont', INTERRUPTED),
        ([], b"", INTERRUPTED),
        (["Bl"], b"", Failure(Fault.SERVER, "a line of the stream is no JSON object", status=200)),
    ],
    ids=["an error in the middle", "too long", "no last line", "cut in a line", "nothing", "no object"],
)  # fmt: skip
def test_a_stream_that_does_not_end_well_is_a_failure(lines: list[Any], end: bytes, failure: Failure) -> None:
    assert stream(*lines, end=end)[1] == failure


def test_the_last_line_needs_no_line_end() -> None:
    last = json.dumps({**LAST, "message": {"content": "ue"}}).encode()
    answer = stream(message("Bl"), end=last)[1]
    assert isinstance(answer, Answer)
    assert answer.text == "Blue"


def test_an_error_with_status_200_is_none_the_less_an_error() -> None:
    assert decode({"error": "x"}) == Failure(Fault.SERVER, "x", status=200)
    assert decode([]) == Failure(Fault.SERVER, "the answer is no JSON object", status=200)
