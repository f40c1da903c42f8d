"""What Anthropic, Gemini and Cohere list of their models."""

import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.providers.dialect import ListedModel, Reply
from workfleet.workers.providers.dialects import DIALECTS
from workfleet.workers.providers.rows import ROWS


def listed(type_: str, body: Any) -> tuple[ListedModel, ...] | Failure:
    row = ROWS[type_]
    return DIALECTS[row.dialect].models(row, Reply(200, {}, json.dumps(body).encode()))


CLAUDE: dict[str, Any] = {
    "type": "model",
    "id": "claude-sonnet-4-5",
    "max_input_tokens": 200_000,
    "capabilities": {"image_input": {"supported": True}, "thinking": {"supported": False}},
}
FLASH: dict[str, Any] = {
    "name": "models/gemini-2.5-flash",
    "inputTokenLimit": 1_048_576,
    "outputTokenLimit": 65_536,
    "supportedGenerationMethods": ["generateContent", "countTokens"],
    "thinking": True,
}
COMMAND: dict[str, Any] = {
    "name": "command-a-03-2025",
    "endpoints": ["chat"],
    "context_length": 256_000,
    "features": ["tools", "json_schema", "logprobs"],
}


@pytest.mark.parametrize(
    ("type_", "body", "models"),
    [
        pytest.param(
            "anthropic",
            {"data": [CLAUDE, {"id": "claude-new"}, {"id": "claude-2.1", "lifecycle": "retired"}, {"type": "model"}]},
            (
                ListedModel("claude-sonnet-4-5", 200_000, frozenset({"tools", "vision"}), owned_by="anthropic"),
                ListedModel("claude-new", owned_by="anthropic"),
            ),
            id="anthropic: without those that are retired",
        ),
        pytest.param(
            "anthropic",
            {"object": "list", "data": [{"id": "tiny", "owned_by": "vllm", "max_model_len": 4096}]},
            (ListedModel("tiny", 4096, owned_by="vllm"),),
            id="anthropic: as vLLM lists them",
        ),
        pytest.param(
            "google",
            {
                "models": [
                    FLASH,
                    {"name": "models/gemini-embedding-001", "supportedGenerationMethods": ["embedContent"]},
                    {"displayName": "no name"},
                ]
            },
            (
                ListedModel(
                    "gemini-2.5-flash",
                    1_114_112,
                    frozenset({"tools", "json_mode", "vision", "reasoning"}),
                    owned_by="google",
                ),
                ListedModel("gemini-embedding-001", None, frozenset({"embedding"}), owned_by="google"),
            ),
            id="gemini: without their prefix",
        ),
        pytest.param(
            "cohere",
            {
                "models": [
                    COMMAND,
                    {"name": "embed-v4.0", "endpoints": ["embed"], "context_length": 128_000},
                    {"name": "rerank-v3.5", "endpoints": ["rerank"]},
                    {"name": "command", "endpoints": ["chat"], "is_deprecated": True},
                ]
            },
            (
                ListedModel("command-a-03-2025", 256_000, frozenset({"tools", "json_mode"}), owned_by="cohere"),
                ListedModel("embed-v4.0", 128_000, frozenset({"embedding"}), owned_by="cohere"),
            ),
            id="cohere: those that chat or embed",
        ),
    ],
)
def test_models_have_the_context_and_capabilities_that_are_told(
    type_: str, body: Any, models: tuple[ListedModel, ...]
) -> None:
    assert listed(type_, body) == models


@pytest.mark.parametrize("type_", ["anthropic", "google", "cohere"])
@pytest.mark.parametrize(
    ("body", "fault"),
    [({}, Fault.SERVER), ([], Fault.SERVER), ({"error": {"message": "x", "code": 503}}, Fault.OVERLOADED)],
    ids=["nothing", "a list", "an error"],
)
def test_what_is_no_listing_is_a_failure(type_: str, body: Any, fault: Fault) -> None:
    found = listed(type_, body)
    assert isinstance(found, Failure)
    assert found.fault is fault
