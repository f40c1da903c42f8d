from typing import Any

import pytest

from workfleet.tasks.answer import Answer, FinishReason, Usage
from workfleet.tasks.openai_body import openai_body
from workfleet.tasks.request import FunctionCall, Request, ToolCall

CREATED = 1_767_225_600
CHAT = Request.from_prompt("Name a colour.")
USAGE = Usage(input_tokens=7, cached_read_tokens=2, output_tokens=5, reasoning_tokens=3)
USAGE_BODY = {
    "prompt_tokens": 7,
    "completion_tokens": 5,
    "total_tokens": 12,
    "prompt_tokens_details": {"cached_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def test_a_body_that_was_kept_is_given_back_as_it_is() -> None:
    body: dict[str, Any] = {"id": "chatcmpl-1", "service_tier": "flex"}
    assert openai_body(Answer(text="x", body=body), CHAT, CREATED) == body


def test_a_chat_answer_becomes_a_chat_completion() -> None:
    answer = Answer(
        text="Blue.",
        reasoning="Colours…",
        finish_reason=FinishReason.LENGTH,
        usage=USAGE,
        model="qwen3:4b",
        request_id="r1",
    )
    assert openai_body(answer, CHAT, CREATED) == {
        "id": "r1",
        "object": "chat.completion",
        "created": CREATED,
        "model": "qwen3:4b",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Blue.", "refusal": None, "reasoning": "Colours…"},
                "logprobs": None,
                "finish_reason": "length",
            }
        ],
        "usage": USAGE_BODY,
    }


def test_a_completion_becomes_a_text_completion() -> None:
    answer = Answer(text=" = 2", finish_reason=FinishReason.STOP, usage=USAGE, model="m", request_id="r2")
    assert openai_body(answer, Request(kind="completion", prompt="1 + 1"), CREATED) == {
        "id": "r2",
        "object": "text_completion",
        "created": CREATED,
        "model": "m",
        "choices": [{"index": 0, "text": " = 2", "logprobs": None, "finish_reason": "stop"}],
        "usage": USAGE_BODY,
    }


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            Answer(
                tool_calls=(ToolCall(id="c", function=FunctionCall(name="f", arguments="{}")),),
                finish_reason=FinishReason.TOOL_CALLS,
            ),
            {
                "role": "assistant",
                "content": None,
                "refusal": None,
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
        ),
        (
            Answer(text="I cannot.", finish_reason=FinishReason.REFUSAL),
            {"role": "assistant", "content": None, "refusal": "I cannot."},
        ),
    ],
    ids=["a tool call has no content", "a refusal is no content"],
)
def test_what_is_no_text_is_not_put_into_the_content(answer: Answer, message: dict[str, Any]) -> None:
    assert openai_body(answer, CHAT, CREATED)["choices"][0]["message"] == message


@pytest.mark.parametrize(
    ("extra", "embedding"),
    [({}, [0.5, -2.0]), ({"encoding_format": "base64"}, "AAAAPwAAAMA=")],
    ids=["numbers", "packed, if asked for"],
)
def test_embeddings_become_a_list(extra: dict[str, Any], embedding: Any) -> None:
    request = Request(kind="embedding", input=("a",), extra=extra)
    answer = Answer(embeddings=((0.5, -2.0),), usage=Usage(input_tokens=1), model="m")
    assert openai_body(answer, request, CREATED) == {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": embedding}],
        "model": "m",
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def test_an_answer_without_an_id_gets_one_that_depends_on_nothing_else() -> None:
    first, again, other = (openai_body(Answer(text=text), CHAT, CREATED)["id"] for text in ("a", "a", "b"))
    assert (first == again, first == other, first.startswith("chatcmpl-")) == (True, False, True)
