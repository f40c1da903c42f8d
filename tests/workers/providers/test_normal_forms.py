"""Ends and counts of every dialect in the one form that the fleet knows (C.18 of the wire formats)."""

import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason, Usage
from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Ask, Reply
from workfleet.workers.providers.dialects import DIALECTS
from workfleet.workers.providers.rows import ROWS

CALL: dict[str, Any] = {"name": "f"}
OPENAI_CALL = {"id": "c", "function": {"name": "f", "arguments": "{}"}}


def read(type_: str, body: dict[str, Any]) -> Answer | Failure:
    row = ROWS[type_]
    ask = Ask(row, "p", "m", Request.from_prompt("x"))
    return DIALECTS[row.dialect].decode(ask, Reply(200, {}, json.dumps(body).encode()))


def openai(end: str, *, calls: bool = False) -> dict[str, Any]:
    message = {"content": "x", **({"tool_calls": [OPENAI_CALL]} if calls else {})}
    return {"choices": [{"message": message, "finish_reason": end}]}


def anthropic(end: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": "x"}], "stop_reason": end}


def gemini(end: str, *, calls: bool = False) -> dict[str, Any]:
    parts = [{"text": "x"}, *([{"functionCall": CALL}] if calls else [])]
    return {"candidates": [{"content": {"parts": parts}, "finishReason": end}]}


def cohere(end: str) -> dict[str, Any]:
    return {"message": {"content": [{"type": "text", "text": "x"}]}, "finish_reason": end}


def ollama(end: str, *, calls: bool = False) -> dict[str, Any]:
    message = {"content": "x", **({"tool_calls": [{"function": CALL}]} if calls else {})}
    return {"message": message, "done": True, "done_reason": end}


STOP, LENGTH, CALLS = FinishReason.STOP, FinishReason.LENGTH, FinishReason.TOOL_CALLS
FILTER, REFUSAL, UNKNOWN = FinishReason.CONTENT_FILTER, FinishReason.REFUSAL, FinishReason.UNKNOWN


@pytest.mark.parametrize(
    ("type_", "body", "end"),
    [
        ("openai", openai("stop"), STOP),
        ("together", openai("eos"), STOP),
        ("openai", openai("length"), LENGTH),
        ("openai", openai("tool_calls", calls=True), CALLS),
        ("openai", openai("function_call", calls=True), CALLS),
        ("vllm", openai("stop", calls=True), CALLS),
        ("azure", openai("content_filter"), FILTER),
        ("openai", openai("something_new"), UNKNOWN),
        ("anthropic", anthropic("end_turn"), STOP),
        ("anthropic", anthropic("stop_sequence"), STOP),
        ("anthropic", anthropic("max_tokens"), LENGTH),
        ("anthropic", anthropic("tool_use"), CALLS),
        ("anthropic", anthropic("refusal"), REFUSAL),
        ("anthropic", anthropic("model_context_window_exceeded"), FinishReason.CONTEXT_OVERFLOW),
        ("anthropic", anthropic("pause_turn"), UNKNOWN),
        ("google", gemini("STOP"), STOP),
        ("google", gemini("MAX_TOKENS"), LENGTH),
        ("google", gemini("STOP", calls=True), CALLS),
        *(
            ("google", gemini(end), FILTER)
            for end in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")
        ),
        ("google", gemini("FINISH_REASON_UNSPECIFIED"), UNKNOWN),
        ("cohere", cohere("COMPLETE"), STOP),
        ("cohere", cohere("STOP_SEQUENCE"), STOP),
        ("cohere", cohere("MAX_TOKENS"), LENGTH),
        ("cohere", cohere("TOOL_CALL"), CALLS),
        ("ollama", ollama("stop"), STOP),
        ("ollama", ollama("length"), LENGTH),
        ("ollama", ollama("stop", calls=True), CALLS),
        ("ollama", ollama("load"), UNKNOWN),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_an_end_has_one_name_and_keeps_the_providers(type_: str, body: dict[str, Any], end: FinishReason) -> None:
    found = read(type_, body)
    assert isinstance(found, Answer)
    assert found.finish_reason is end
    assert f'"{found.raw_finish_reason}"' in json.dumps(body)


@pytest.mark.parametrize(
    ("type_", "body", "fault"),
    [
        ("openrouter", openai("error"), Fault.SERVER),
        ("google", gemini("OTHER"), Fault.SERVER),
        ("google", gemini("MALFORMED_FUNCTION_CALL"), Fault.BAD_OUTPUT),
        ("google", {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, Fault.CONTENT_FILTERED),
        ("cohere", cohere("ERROR"), Fault.SERVER),
        ("cohere", cohere("TIMEOUT"), Fault.SERVER),
        ("ollama", {"error": "an error was encountered while running the model"}, Fault.SERVER),
        ("anthropic", {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, Fault.OVERLOADED),
    ],
)
def test_an_end_that_is_an_error_is_a_failure(type_: str, body: dict[str, Any], fault: Fault) -> None:
    found = read(type_, body)
    assert isinstance(found, Failure)
    assert found.fault is fault


@pytest.mark.parametrize(
    ("type_", "body", "usage"),
    [
        pytest.param(
            "openai",
            openai("stop")
            | {
                "usage": {
                    "prompt_tokens": 100,
                    "completion_tokens": 50,
                    "prompt_tokens_details": {"cached_tokens": 64},
                    "completion_tokens_details": {"reasoning_tokens": 40},
                }
            },
            Usage(input_tokens=100, cached_read_tokens=64, output_tokens=50, reasoning_tokens=40),
            id="openai: cached is part of the input, reasoning of the output",
        ),
        pytest.param(
            "anthropic",
            anthropic("end_turn")
            | {
                "usage": {
                    "input_tokens": 10,
                    "cache_creation_input_tokens": 200,
                    "cache_read_input_tokens": 3000,
                    "output_tokens": 50,
                }
            },
            Usage(input_tokens=3210, cached_read_tokens=3000, cache_write_tokens=200, output_tokens=50),
            id="anthropic: its input is without the cache",
        ),
        pytest.param(
            "anthropic",
            anthropic("end_turn")
            | {
                "usage": {
                    "input_tokens": 10,
                    "cache_creation_input_tokens": 200,
                    "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 150},
                    "output_tokens": 50,
                }
            },
            Usage(input_tokens=210, cache_write_tokens=200, cache_write_1h_tokens=150, output_tokens=50),
            id="anthropic: what is kept for an hour is counted apart",
        ),
        pytest.param(
            "google",
            gemini("STOP")
            | {
                "usageMetadata": {
                    "promptTokenCount": 6,
                    "toolUsePromptTokenCount": 9,
                    "cachedContentTokenCount": 4,
                    "candidatesTokenCount": 1,
                    "thoughtsTokenCount": 35,
                }
            },
            Usage(input_tokens=15, cached_read_tokens=4, output_tokens=36, reasoning_tokens=35),
            id="gemini: its output is without the thoughts",
        ),
        pytest.param(
            "cohere",
            cohere("COMPLETE")
            | {
                "usage": {
                    "billed_units": {"input_tokens": 431, "output_tokens": 661},
                    "tokens": {"input_tokens": 2190, "output_tokens": 1257},
                }
            },
            Usage(input_tokens=2190, output_tokens=1257, billed_input_tokens=431, billed_output_tokens=661),
            id="cohere: what is billed is another number",
        ),
        pytest.param(
            "ollama",
            ollama("stop") | {"prompt_eval_count": 26, "eval_count": 282},
            Usage(input_tokens=26, output_tokens=282, cost_usd=0.0, cost_source="local"),
            id="ollama: it costs nothing",
        ),
    ],
)
def test_input_holds_what_was_cached_and_output_what_was_thought(
    type_: str, body: dict[str, Any], usage: Usage
) -> None:
    found = read(type_, body)
    assert isinstance(found, Answer)
    assert found.usage == usage


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("openai", openai("stop")),
        ("anthropic", anthropic("end_turn")),
        ("google", gemini("STOP")),
        ("cohere", cohere("COMPLETE")),
        ("ollama", ollama("stop")),
        ("ruvllm", openai("stop")),
    ],
)
def test_an_answer_without_a_count_is_estimated_and_says_so(type_: str, body: dict[str, Any]) -> None:
    found = read(type_, body)
    assert isinstance(found, Answer)
    assert (found.usage.source, found.usage.output_tokens) == ("estimate", 1)
