import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.providers.dialect import ListedModel, Prices, Reply
from workfleet.workers.providers.openai.dialect import OpenAICompatible
from workfleet.workers.providers.rows import ROWS


def models(row: str, body: Any) -> tuple[ListedModel, ...] | Failure:
    return OpenAICompatible().models(ROWS[row], Reply(200, {}, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("row", "entry", "model"),
    [
        (
            "vllm",
            {"id": "tiny", "owned_by": "vllm", "max_model_len": 4096, "permission": []},
            ListedModel("tiny", 4096, owned_by="vllm", local=True),
        ),
        ("openai", {"id": "gpt-5", "owned_by": "system"}, ListedModel("gpt-5", owned_by="system")),
        (
            "groq",
            {"id": "llama", "active": True, "context_window": 131072, "owned_by": "Meta"},
            ListedModel("llama", 131072, owned_by="Meta"),
        ),
        (
            "openrouter",
            {
                "id": "mistralai/devstral:free",
                "context_length": 262144,
                "architecture": {"input_modalities": ["text", "image"]},
                "pricing": {"prompt": "0.0000004", "completion": "0.000002"},
                "supported_parameters": ["tools", "response_format", "seed"],
            },
            ListedModel(
                "mistralai/devstral:free", 262144, frozenset({"tools", "json_mode", "vision"}), Prices(0.4, 2.0)
            ),
        ),
        (
            "openrouter",
            {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}, "supported_parameters": []},
            ListedModel("openrouter/auto"),
        ),
        (
            "together",
            {
                "id": "t",
                "type": "chat",
                "organization": "Meta",
                "context_length": 8192,
                "pricing": {"input": 0.88, "output": 0.9},
            },
            ListedModel("t", 8192, None, Prices(0.88, 0.9), owned_by="Meta"),
        ),
        (
            "lmstudio",
            {
                "id": "q",
                "type": "vlm",
                "max_context_length": 32768,
                "loaded_context_length": 4096,
                "capabilities": ["tool_use"],
            },
            ListedModel("q", 4096, frozenset({"tools", "json_mode", "vision"}), local=True),
        ),
        ("lmstudio", {"id": "e", "type": "embeddings"}, ListedModel("e", None, frozenset({"embedding"}), local=True)),
        (
            "llamacpp",
            {"id": "g", "owned_by": "llamacpp", "meta": {"n_ctx_train": 32768}},
            ListedModel("g", 32768, owned_by="llamacpp", local=True),
        ),
        (
            "github",
            {
                "id": "openai/gpt-4.1",
                "publisher": "OpenAI",
                "capabilities": ["streaming", "tool-calling"],
                "limits": {"max_input_tokens": 1048576, "max_output_tokens": 32768},
                "supported_input_modalities": ["text", "image", "audio"],
                "supported_output_modalities": ["text"],
            },
            ListedModel("openai/gpt-4.1", 1048576, frozenset({"tools", "json_mode", "vision"})),
        ),
        (
            "github",
            {"id": "openai/text-embedding-3-small", "supported_output_modalities": ["embeddings"]},
            ListedModel("openai/text-embedding-3-small", None, frozenset({"embedding"})),
        ),
    ],
    ids=[
        "vLLM",
        "OpenAI",
        "Groq",
        "OpenRouter",
        "a price that varies",
        "Together",
        "LM Studio",
        "embeddings",
        "llama.cpp",
        "GitHub",
        "GitHub's embeddings",
    ],
)
def test_a_model_is_read_from_what_each_provider_tells(row: str, entry: dict[str, Any], model: ListedModel) -> None:
    assert models(row, {"object": "list", "data": [entry]}) == (model,)


def test_a_bare_array_is_a_listing_too() -> None:
    assert models("together", [{"id": "a"}, {"id": "b"}]) == (ListedModel("a"), ListedModel("b"))


def test_entries_that_name_no_model_are_left_out() -> None:
    assert models("openai", {"data": [{"id": None}, "x", 3, {"object": "model"}, {"id": "a"}]}) == (ListedModel("a"),)


@pytest.mark.parametrize("body", [{"data": []}, {"data": None}, []], ids=["none", "null", "a bare array"])
def test_a_server_without_models_lists_none(body: Any) -> None:
    assert models("localai", body) == ()


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (
            {"error": {"message": "no key", "code": "invalid_api_key"}},
            Failure(Fault.AUTH, "no key", status=200, code="invalid_api_key"),
        ),
        ({"status": "ok"}, Failure(Fault.SERVER, "the answer is no listing of models; check the base URL", status=200)),
        ("hello", Failure(Fault.SERVER, "the answer is no listing of models; check the base URL", status=200)),
    ],
    ids=["an error with status 200", "something else", "no object"],
)
def test_what_is_no_listing_is_a_failure(body: Any, failure: Failure) -> None:
    assert models("openai", body) == failure


def test_a_huge_listing_is_read_whole() -> None:
    found = models("openrouter", {"data": [{"id": f"m{at}"} for at in range(5000)]})
    assert isinstance(found, tuple)
    assert len(found) == 5000


@pytest.mark.parametrize(
    ("body", "context"),
    [({"default_generation_settings": {"n_ctx": 8192}}, 8192), ({}, 32768), ({"error": "x"}, 32768)],
    ids=["as it is served", "not told", "an error"],
)
def test_llamacpp_serves_less_context_than_a_model_was_trained_for(body: dict[str, Any], context: int) -> None:
    model = ListedModel("g", 32768)
    told = OpenAICompatible().with_details(model, Reply(200, {}, json.dumps(body).encode()))
    assert told.context_tokens == context


@pytest.mark.parametrize(
    ("listed", "name", "is_it"),
    [
        ("qwen3:4b", "qwen3:4b", True),
        ("all-minilm:latest", "all-minilm", True),
        ("all-minilm", "all-minilm:latest", True),
        ("qwen3:4b", "qwen3", False),
        ("qwen3:latest", "qwen3:4b", False),
    ],
)
def test_a_name_without_a_tag_means_the_latest(listed: str, name: str, is_it: bool) -> None:
    assert ListedModel(listed).is_called(name) is is_it
