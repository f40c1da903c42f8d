from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.cohere.dialect import Cohere
from workfleet.workers.providers.dialect import Ask, Call
from workfleet.workers.providers.rows import ROWS

from ..conversations import NAMED, PIXEL, SCHEMA, TALK, WEATHER, chat, shaped

HI = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": False}


def call(request: Request, *, stream: bool = False) -> Call:
    made = Cohere().encode(Ask(ROWS["cohere"], "c", "m", request, stream=stream))
    assert isinstance(made, Call)
    return made


def test_a_conversation_is_much_as_it_was() -> None:
    def calls(*cities: str) -> list[dict[str, Any]]:
        return [
            {"id": f"c{at}", "type": "function", "function": {"name": "weather", "arguments": f'{{"city": "{city}"}}'}}
            for at, city in enumerate(cities, 1)
        ]

    assert call(Request(messages=TALK), stream=True) == Call(
        "POST",
        "/v2/chat",
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "system", "content": "Be kind."},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Where is this?"},
                        {"type": "image_url", "image_url": {"url": PIXEL}},
                    ],
                },
                {"role": "assistant", "content": "Let me see.", "tool_calls": calls("Köln", "Bonn")},
                {"role": "tool", "content": '{"sky": "grey"}', "tool_call_id": "c1"},
                {"role": "tool", "content": "rain", "tool_call_id": "c2"},
                {"role": "user", "content": "And now?"},
            ],
            "stream": True,
        },
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param(
            {"max_tokens": 9, "temperature": 2, "top_p": 0.5, "top_k": 4, "seed": 1, "stop": ["a"]},
            {"max_tokens": 9, "temperature": 1.0, "p": 0.5, "k": 4, "seed": 1, "stop_sequences": ["a"]},
            id="sampling",
        ),
        pytest.param(shaped("json_object"), {"response_format": {"type": "json_object"}}, id="any json"),
        pytest.param(
            shaped("json_schema"),
            {"response_format": {"type": "json_object", "json_schema": SCHEMA}},
            id="a schema",
        ),
        pytest.param({"tools": [WEATHER]}, {"tools": [WEATHER]}, id="tools"),
        pytest.param(
            {"tools": [WEATHER], "tool_choice": "required"},
            {"tools": [WEATHER], "tool_choice": "REQUIRED"},
            id="any tool",
        ),
        pytest.param(
            {"tools": [{**WEATHER, "function": {"name": "other"}}, WEATHER], "tool_choice": NAMED},
            {"tools": [WEATHER], "tool_choice": "REQUIRED"},
            id="one tool is the only one shown",
        ),
        pytest.param({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}, id="no thinking"),
        pytest.param(
            {"reasoning_effort": "low"}, {"thinking": {"type": "enabled", "token_budget": 1024}}, id="thinking"
        ),
        pytest.param({"extra": {"safety_mode": "NONE", "n": 1}}, {"safety_mode": "NONE"}, id="extra"),
    ],
)
def test_every_parameter_has_its_word(asked: dict[str, Any], said: dict[str, Any]) -> None:
    assert call(chat(**asked)).body == HI | said


def test_texts_to_embed_say_what_for_and_are_never_cut() -> None:
    request = Request(kind="embedding", input=("a", "b"), dimensions=256, extra={"input_type": "classification"})
    assert call(request) == Call(
        "POST",
        "/v2/embed",
        {
            "model": "m",
            "texts": ["a", "b"],
            "input_type": "classification",
            "embedding_types": ["float"],
            "truncate": "NONE",
            "output_dimension": 256,
        },
    )
    assert (call(Request(kind="embedding", input=("a",))).body or {})["input_type"] == "search_document"


def test_more_texts_than_one_call_takes_are_refused_at_once() -> None:
    refused = Cohere().encode(Ask(ROWS["cohere"], "c", "m", Request(kind="embedding", input=("x",) * 97)))
    assert refused == Failure(Fault.BAD_REQUEST, "Cohere embeds 96 texts at a time, not 97; split them")
