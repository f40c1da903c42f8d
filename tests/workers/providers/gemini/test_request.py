from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Ask, Call
from workfleet.workers.providers.gemini.dialect import Gemini
from workfleet.workers.providers.rows import ROWS

from ..conversations import NAMED, PARAMETERS, SCHEMA, TALK, WEATHER, chat, shaped

HI = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
SEARCH: dict[str, Any] = {"googleSearch": {}}
DECLARED: dict[str, Any] = {
    "functionDeclarations": [{"name": "weather", "description": "Of a city.", "parametersJsonSchema": PARAMETERS}]
}


def call(request: Request, model: str = "gemini-2.5-flash", *, stream: bool = False) -> Call:
    made = Gemini().encode(Ask(ROWS["google"], "g", model, request, stream=stream))
    assert isinstance(made, Call)
    return made


def test_a_conversation_is_turns_of_parts_with_the_system_prompt_apart() -> None:
    made = call(Request(messages=TALK, max_tokens=9))
    assert (made.method, made.path) == ("POST", "models/gemini-2.5-flash:generateContent")
    assert made.body == {
        "systemInstruction": {"parts": [{"text": "Be brief.\n\nBe kind."}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "Where is this?"},
                    {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
                ],
            },
            {
                "role": "model",
                "parts": [
                    {"text": "Let me see."},
                    {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Köln"}}},
                    {"functionCall": {"id": "c2", "name": "weather", "args": {"city": "Bonn"}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"id": "c1", "name": "weather", "response": {"sky": "grey"}}},
                    {"functionResponse": {"id": "c2", "name": "weather", "response": {"result": "rain"}}},
                    {"text": "And now?"},
                ],
            },
        ],
        "generationConfig": {"maxOutputTokens": 9},
    }


@pytest.mark.parametrize(
    ("model", "signatures"),
    [
        ("gemini-2.5-pro", []),
        ("gemini-3-pro-preview", ["skip_thought_signature_validator"]),
        ("gemini-flash-latest", ["skip_thought_signature_validator"]),
    ],
)
def test_calls_that_another_model_made_are_signed_as_such_where_a_signature_is_asked_for(
    model: str, signatures: list[str]
) -> None:
    turns = (call(Request(messages=TALK), model).body or {})["contents"]
    assert [part["thoughtSignature"] for turn in turns for part in turn["parts"] if "thoughtSignature" in part] == (
        signatures
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param(
            {"temperature": 0.5, "top_p": 0.5, "top_k": 4, "seed": 1, "stop": ["a"], "presence_penalty": 1.0},
            {
                "generationConfig": {
                    "temperature": 0.5,
                    "topP": 0.5,
                    "topK": 4,
                    "seed": 1,
                    "stopSequences": ["a"],
                    "presencePenalty": 1.0,
                }
            },
            id="sampling",
        ),
        pytest.param(
            shaped("json_object"), {"generationConfig": {"responseMimeType": "application/json"}}, id="any json"
        ),
        pytest.param(
            shaped("json_schema"),
            {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}},
            id="a schema",
        ),
        pytest.param({"tools": [WEATHER]}, {"tools": [DECLARED]}, id="tools"),
        pytest.param({"tools": [WEATHER, SEARCH]}, {"tools": [DECLARED, SEARCH]}, id="its own tools"),
        pytest.param(
            {"tools": [WEATHER], "tool_choice": NAMED},
            {
                "tools": [DECLARED],
                "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
            },
            id="one tool",
        ),
        pytest.param(
            {"tools": [WEATHER], "tool_choice": "none"},
            {"tools": [DECLARED], "toolConfig": {"functionCallingConfig": {"mode": "NONE"}}},
            id="no tool",
        ),
        pytest.param(
            {"extra": {"safetySettings": [], "generationConfig": {"responseModalities": ["TEXT"]}, "logprobs": True}},
            {"safetySettings": [], "generationConfig": {"responseModalities": ["TEXT"]}},
            id="extra",
        ),
    ],
)
def test_every_parameter_has_its_word(asked: dict[str, Any], said: dict[str, Any]) -> None:
    assert call(chat(**asked)).body == HI | said


@pytest.mark.parametrize(
    ("model", "effort", "said"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0, "includeThoughts": False}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128, "includeThoughts": False}),
        ("gemini-2.5-flash", "medium", {"thinkingBudget": 8192, "includeThoughts": True}),
        ("gemini-3-pro-preview", "low", {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("gemini-3-flash-preview", "none", {"thinkingLevel": "MINIMAL", "includeThoughts": False}),
        ("gemini-2.0-flash", "high", None),
    ],
)
def test_thinking_goes_by_budget_or_by_level(model: str, effort: str, said: dict[str, Any] | None) -> None:
    config = (call(chat(reasoning_effort=effort), model).body or {}).get("generationConfig", {})
    assert config.get("thinkingConfig") == said


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("tunedModels/mine", "tunedModels/mine"),
    ],
)
def test_the_model_is_part_of_the_path_and_so_is_the_stream(model: str, path: str) -> None:
    assert call(chat(), model).path == f"{path}:generateContent"
    assert call(chat(), model, stream=True).path == f"{path}:streamGenerateContent?alt=sse"


def test_each_text_is_a_request_to_embed() -> None:
    request = Request(kind="embedding", input=("a", "b"), dimensions=64, extra={"task_type": "CLUSTERING"})
    common = {"model": "models/e", "outputDimensionality": 64, "taskType": "CLUSTERING"}
    assert call(request, "e") == Call(
        "POST",
        "models/e:batchEmbedContents",
        {"requests": [{**common, "content": {"parts": [{"text": text}]}} for text in ("a", "b")]},
    )


def test_more_texts_than_one_call_takes_are_refused_at_once() -> None:
    refused = Gemini().encode(Ask(ROWS["google"], "g", "e", Request(kind="embedding", input=("x",) * 101)))
    assert refused == Failure(Fault.BAD_REQUEST, "Gemini embeds 100 texts at a time, not 101; split them")


def test_tokens_are_counted_of_all_that_is_read() -> None:
    counting = Gemini().count(Ask(ROWS["google"], "g", "m", chat(tools=[WEATHER], temperature=0.5)))
    assert counting == Call(
        "POST",
        "models/m:countTokens",
        {"generateContentRequest": {"model": "models/m", **HI, "tools": [DECLARED]}},
    )
